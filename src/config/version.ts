/** Which HAProxy this is a drop-in for, and what of it was built in. `-v`, `-vv`, `-cc` and `.if` answer from here, before
 * anything else is loaded.
 */

/** The version of HAProxy whose language and answers are followed. */
export const HAPROXY_VERSION = '3.5-dev5';
export const HAPROXY_BRANCH = '3.5';
export const HAPROXY_DATE = '2026/08/21';

export const SLUICE_VERSION = '0.1.0';
export const SLUICE_URL = 'https://sluice.example/';

/** HAProxy's build features: true for what works here. A false claim turns somebody's skipped test into a failure. */
export const FEATURES: Readonly<Record<string, boolean>> = {
  '51DEGREES': false,
  ACCEPT4: true,
  ACME: false,
  BACKTRACE: false,
  CLOSEFROM: false,
  CPU_AFFINITY: false,
  CRYPT_H: false,
  DEVICEATLAS: false,
  DL: false,
  ECH: false,
  ENGINE: false,
  EPOLL: true,
  EVPORTS: false,
  FCGI: false,
  GETADDRINFO: true,
  H2: false,
  HAVE_TCP_MD5SIG: false,
  KQUEUE: false,
  KTLS: false,
  LIBATOMIC: false,
  LIBCRYPT: false,
  LINUX_CAP: false,
  LINUX_SPLICE: true,
  LINUX_TPROXY: false,
  LUA: false,
  MATH: false,
  MEMORY_PROFILING: false,
  NETFILTER: false,
  NS: false,
  OBSOLETE_LINKER: false,
  OPENSSL: false,
  OPENSSL_AWSLC: false,
  OPENSSL_WOLFSSL: false,
  PCRE: false,
  PCRE2: false,
  PCRE2_JIT: false,
  PCRE_JIT: false,
  POLL: false,
  PRCTL: true,
  PROCCTL: false,
  PROMEX: false,
  PTHREAD_EMULATION: false,
  QUIC: false,
  QUIC_OPENSSL_COMPAT: false,
  RT: false,
  SHM_OPEN: false,
  SLZ: true,
  SPOE: false,
  SSL: false,
  STATIC_PCRE: false,
  STATIC_PCRE2: false,
  TFO: false,
  THREAD: true,
  THREAD_DUMP: false,
  TPROXY: false,
  TRACE: false,
  WURFL: false,
  ZLIB: false,
};

/** What `feature()` asks: the name without its sign in the list that -vv prints. */
export function hasFeature(name: string): boolean {
  return Object.hasOwn(FEATURES, name) && FEATURES[name] === true;
}

/** What `enabled()` may ask. */
const ENABLED: ReadonlySet<string> = new Set(['EPOLL', 'SPLICE', 'GETADDRINFO', 'REUSEPORT', 'FAST-FORWARD']);

/** What `enabled()` asks. */
export function isEnabled(name: string): boolean {
  return ENABLED.has(name);
}

/** major, minor, patch, development number (255 for a release), commits since. */
type Version = readonly [number, number, number, number, number];

/** Missing parts are 0; what is no number is 0 too, as HAProxy has it. */
function parseVersion(text: string): Version {
  const match = /^v?(\d*)(?:\.(\d+))?(?:\.(\d+))?(?:-dev(\d+))?(?:-([0-9a-f]{6,}))?(?:-(\d+))?/.exec(text);
  if (match === null) return [0, 0, 0, 255, 0];
  const [, major, minor, patch, dev, , commits] = match;
  return [
    Number(major ?? 0),
    Number(minor ?? 0),
    Number(patch ?? 0),
    Number(dev ?? 255),
    Number(commits ?? 0),
  ];
}

/** Negative when <text> is older than what we answer for, 0 when equal, positive when newer. */
export function compareVersion(text: string): number {
  const asked = parseVersion(text);
  const own = parseVersion(HAPROXY_VERSION);
  for (let i = 0; i < asked.length; i++) {
    const difference = (asked[i] as number) - (own[i] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}
