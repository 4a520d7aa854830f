/** What may follow the address of a `server` line, and what `default-server` sets for those after it: each option reads its
 * arguments once and gives a setting that is applied to a server.
 */
import { type Argument, integer, REFUSED, time, word } from '../config/argument.ts';
import { readValues } from '../config/keyword.ts';
import { isNameElsewhere } from '../config/known-elsewhere.ts';
import { didYouMean } from '../config/nearest.ts';
import type { Word, WordCursor } from '../config/place.ts';
import type { Server, ServerAddress } from '../model/server.ts';
import { type Endpoint, parseEndpoint } from './endpoint.ts';
import type { ServerSetting } from './proxy-section.ts';
import { isServerProxyOption, readServerProxyOption, SERVER_PROXY_OPTIONS } from './server-proxy.ts';
import { warnSmallTime } from './timeouts.ts';

type Values<Args extends readonly Argument<unknown>[]> = {
  [K in keyof Args]: Args[K] extends Argument<infer T> ? T : never;
};

interface ServerOption {
  readonly name: string;
  readonly args: readonly Argument<unknown>[];
  readonly isBuilt: boolean;
  apply(server: Server, values: readonly unknown[]): void;
}

function option<const Args extends readonly Argument<unknown>[]>(
  name: string,
  args: Args,
  apply: (server: Server, values: Values<Args>) => void,
): ServerOption {
  return {
    name,
    args,
    isBuilt: true,
    apply: (server, values) => apply(server, values as unknown as Values<Args>),
  };
}

/** An option without a field of its own: kept for the room that knows it. */
function kept(name: string, ...args: Argument<unknown>[]): ServerOption {
  return option(name, args, (server, values) => {
    server.settings.set(name, values.map(String));
  });
}

/** Read with its arguments, so that the rest of the line makes sense; nothing does it yet. */
function notBuilt(name: string, ...args: Argument<unknown>[]): ServerOption {
  return { ...kept(name, ...args), isBuilt: false };
}

export function serverAddress(endpoint: Endpoint): ServerAddress {
  const { kind, host, port, portOffset, source } = endpoint;
  return {
    kind: kind === 'fd' ? 'name' : kind,
    host: host === '' ? '0.0.0.0' : host,
    port,
    portOffset,
    source,
  };
}

/** One address of a stream socket, without an offset or a range of ports. */
export function isPlain({ kind, isDatagram, port, portEnd, portOffset }: Endpoint): boolean {
  return kind !== 'fd' && !isDatagram && port === portEnd && portOffset === 0;
}

/** The address that checks go to instead of the server's own. */
function endpointArgument(label: string): Argument<ServerAddress> {
  const text = word(label);
  return {
    ...text,
    read(cursor, keyword) {
      const at = cursor.words[cursor.position] as Word;
      const value = text.read(cursor, keyword);
      if (typeof value === 'symbol') return value;
      const endpoint = parseEndpoint(value);
      if (!('error' in endpoint)) {
        if (isPlain(endpoint)) return serverAddress(endpoint);
        const text = `'${keyword}' : '${value}' cannot be the address of a check.`;
        cursor.alerts.alert(
          text,
          at,
          'A check goes to an address with one port at most, or to a stream socket.',
        );
        return REFUSED;
      }
      cursor.alerts.alert(`'${keyword}' : ${endpoint.error}`, at, endpoint.advice);
      return serverAddress({ ...(parseEndpoint('0.0.0.0') as Endpoint), source: value });
    },
  };
}

/** A time of at least 1 ms. */
function positiveTime(label: string): Argument<number> {
  const any = time(label);
  return {
    ...any,
    read(cursor, keyword) {
      const at = cursor.words[cursor.position];
      const value = any.read(cursor, keyword);
      if (value !== 0) return value;
      cursor.alerts.alert(`'${keyword}' must not be zero.`, at, 'The least is 1ms.');
      return REFUSED;
    },
  };
}

const CHECK_FIELDS = [
  ['inter', 'interMs'],
  ['fastinter', 'fastinterMs'],
  ['downinter', 'downinterMs'],
] as const;

const CHECK_TIMES = new Set(['inter', 'fastinter', 'downinter', 'agent-inter']);

export const SERVER_OPTIONS: readonly ServerOption[] = [
  option('check', [], (server) => {
    server.check.enabled = true;
  }),
  option('no-check', [], (server) => {
    server.check.enabled = false;
  }),
  ...CHECK_FIELDS.map(([name, field]) =>
    option(name, [positiveTime('<delay>')], (server, [ms]) => {
      server.check[field] = ms;
    }),
  ),
  option('rise', [integer('<count>', 1, 65535)], (server, [count]) => {
    server.check.rise = count;
  }),
  option('fall', [integer('<count>', 1, 65535)], (server, [count]) => {
    server.check.fall = count;
  }),
  option('port', [integer('<port>', 0, 65535)], (server, [port]) => {
    server.check.port = port;
  }),
  option('addr', [endpointArgument('<address>')], (server, [address]) => {
    server.check.address = address;
  }),
  option('weight', [integer('<weight>', 0, 256)], (server, [weight]) => {
    server.weight = weight;
  }),
  option('backup', [], (server) => {
    server.backup = true;
  }),
  option('no-backup', [], (server) => {
    server.backup = false;
  }),
  option('disabled', [], (server) => {
    server.disabled = true;
  }),
  option('enabled', [], (server) => {
    server.disabled = false;
  }),
  option('maxconn', [integer('<maxconn>')], (server, [maxconn]) => {
    server.maxconn = maxconn;
  }),
  option('minconn', [integer('<minconn>')], (server, [minconn]) => {
    server.minconn = minconn;
  }),
  option('maxqueue', [integer('<maxqueue>')], (server, [maxqueue]) => {
    server.maxqueue = maxqueue;
  }),
  option('cookie', [word('<value>')], (server, [cookie]) => {
    server.cookie = cookie;
  }),
  option('id', [integer('<id>', 1)], (server, [id]) => {
    server.id = id;
    server.settings.set('id', [String(id)]);
  }),
  option('pool-max-conn', [integer('<max>', -1)], (server, [max]) => {
    server.poolMaxConn = max;
  }),
  option('pool-low-conn', [integer('<max>')], (server, [max]) => {
    server.poolLowConn = max;
  }),
  option('pool-purge-delay', [time('<delay>')], (server, [ms]) => {
    server.poolPurgeDelayMs = ms;
  }),
  kept('init-addr', word('<method>[,<method>]*')),
  notBuilt('strict-maxconn'),
  notBuilt('hash-key', word('<key>')),
  kept('guid', word('<guid>')),
  notBuilt('max-reuse', integer('<count>', -1)),
  notBuilt('slowstart', time('<time>')),
  notBuilt('track', word('[<backend>/]<server>')),
  notBuilt('observe', word('<mode>')),
  notBuilt('on-error', word('<mode>')),
  notBuilt('on-marked-down', word('<action>')),
  notBuilt('on-marked-up', word('<action>')),
  notBuilt('error-limit', integer('<count>')),
  notBuilt('redir', word('<prefix>')),
  notBuilt('init-state', word('<state>')),
  notBuilt('resolvers', word('<id>')),
  notBuilt('resolve-prefer', word('<family>')),
  notBuilt('resolve-opts', word('<option>')),
  notBuilt('resolve-net', word('<network>')),
  notBuilt('source', word('<address>')),
  notBuilt('interface', word('<name>')),
  notBuilt('agent-check'),
  notBuilt('no-agent-check'),
  notBuilt('agent-addr', word('<address>')),
  notBuilt('agent-inter', time('<delay>')),
  notBuilt('agent-port', integer('<port>', 1, 65535)),
  notBuilt('agent-send', word('<string>')),
  notBuilt('tfo'),
  notBuilt('tcp-ut', time('<delay>')),
  notBuilt('tcp-md5sig', word('<password>')),
  notBuilt('cc', word('<algorithm>')),
  kept('namespace', word('<name>')),
  notBuilt('non-stick'),
  notBuilt('shard', integer('<shard>')),
  notBuilt('proto', word('<name>')),
  notBuilt('check-proto', word('<name>')),
  notBuilt('socks4', word('<address>:<port>')),
  notBuilt('check-via-socks4'),
  notBuilt('ws', word('<mode>')),
  notBuilt('healthcheck', word('<section>')),
  notBuilt('idle-ping', time('<delay>')),
  notBuilt('usesrc', word('<source>')),
];

const BY_NAME = new Map(SERVER_OPTIONS.map((entry) => [entry.name, entry]));

const BUILT_NAMES = [
  ...SERVER_OPTIONS.filter((entry) => entry.isBuilt).map((entry) => entry.name),
  ...SERVER_PROXY_OPTIONS,
]
  .sort()
  .join(', ');

/** Options that come with TLS: a server that asks for it cannot be spoken to in the clear. */
const TLS_OPTIONS = new Set([
  'ssl',
  'check-ssl',
  'verify',
  'sni',
  'alpn',
  'ca-file',
  'crt',
  'verifyhost',
  'check-sni',
]);

/** Words up to the next option are the arguments of one that is not read here. */
function skipArguments(cursor: WordCursor): void {
  for (let next = cursor.peek(); next !== undefined; next = cursor.peek()) {
    if (BY_NAME.has(next) || isServerProxyOption(next) || isNameElsewhere('server', next)) return;
    cursor.next();
  }
}

function refuseTls(cursor: WordCursor, at: Word, called: string): void {
  const message = `'${called}' : '${at.text}' needs TLS, which is not built yet in Sluice.`;
  cursor.alerts.alert(
    message,
    at,
    'The server would be spoken to in the clear, so it is refused instead of ignored.',
  );
}

/** Reads the options that are left on the line; undefined when an alert was given. */
export function readServerOptions(cursor: WordCursor, called: string): ServerSetting[] | undefined {
  const settings: ServerSetting[] = [];
  while (cursor.position < cursor.words.length) {
    const at = cursor.words[cursor.position] as Word;
    const entry = BY_NAME.get(at.text);
    cursor.position++;
    if (entry === undefined && isServerProxyOption(at.text)) {
      const setting = readServerProxyOption(cursor, at, called);
      if (setting === undefined) return undefined;
      settings.push(setting);
      continue;
    }
    if (entry === undefined) {
      if (at.text === 'ssl' || at.text === 'check-ssl') {
        refuseTls(cursor, at, called);
        return undefined;
      }
      if (!isNameElsewhere('server', at.text)) {
        const meant = didYouMean(at.text, BY_NAME.keys());
        const message = `'${called}' : unknown keyword '${at.text}'${meant}`;
        cursor.alerts.alert(message, at, meant === '' ? `Options of server: ${BUILT_NAMES}.` : '');
        return undefined;
      }
      if (!TLS_OPTIONS.has(at.text)) noticeNotBuilt(cursor, at, called);
      skipArguments(cursor);
      continue;
    }
    const values = readValues(entry.name, entry.args, cursor, true);
    if (values === undefined) return undefined;
    if (CHECK_TIMES.has(entry.name))
      warnSmallTime(`${called} : ${entry.name}`, cursor.words[cursor.position - 1] as Word, cursor.alerts);
    if (!entry.isBuilt) noticeNotBuilt(cursor, at, called);
    settings.push((server) => entry.apply(server, values));
  }
  return settings;
}

function noticeNotBuilt(cursor: WordCursor, at: Word, called: string): void {
  cursor.alerts.notice(
    `'${called}' : '${at.text}' is known to HAProxy but not built yet in Sluice; ignored.`,
    at,
  );
}
