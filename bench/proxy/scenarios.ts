/**
 * The scenarios table: what is measured, on which configuration, and the figure to reach. Pure data, read by the
 * configuration writers (how a proxy must be set up), the loads (what is sent) and the report (the targets).
 */

/** What a proxy has to be configured for; every candidate turns this into its own language. */
export interface Features {
  readonly mode: 'http' | 'tcp';
  /** Strings, three path ACLs and a host ACL, two headers added, one removed, round robin over two servers. */
  readonly policy: boolean;
  /** One line per request, as `option httplog`, to a UDP syslog sink. */
  readonly log: boolean;
  readonly reuse: 'safe' | 'always';
  readonly splice: boolean;
  readonly gzip: boolean;
  /** 0, or pads the configuration with this many proxies that are never asked: a file of a realistic size. */
  readonly padding: number;
  /** Client connections that it must allow, as far as the machine does. */
  readonly maxconn: number;
}

/** `ratio`: at most this times HAProxy. `limit`: at most this many of the row's own unit. `reported`: no figure. */
export type Target =
  | { readonly kind: 'ratio'; readonly atMost: number }
  | { readonly kind: 'limit'; readonly atMost: number }
  | { readonly kind: 'reported' };

/** What a client asks for; `body` names one of bodies.ts. */
export interface Request {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface Common {
  readonly name: string;
  readonly about: string;
  readonly features: Features;
  readonly target: Target;
}

/** `cpu`: microseconds of CPU per request under a closed-loop load. */
export interface CpuScenario extends Common {
  readonly measure: 'cpu';
  readonly connections: number;
  readonly request: Request;
}

/** `held`: bytes of memory (PSS) per connection that a client opens and then leaves alone. */
export interface HeldScenario extends Common {
  readonly measure: 'held';
  /** `idle`: a whole response was read. `stalled`: nothing of it is read. */
  readonly manner: 'idle' | 'stalled';
  readonly connections: number;
  readonly request: Request;
  readonly warmup: Request;
}

/** `start`: milliseconds from exec to the first answer. */
export interface StartScenario extends Common {
  readonly measure: 'start';
  readonly threads: number;
  readonly request: Request;
}

/** `check`: milliseconds of `-c` on a configuration with this many servers. */
export interface CheckScenario extends Common {
  readonly measure: 'check';
  readonly servers: number;
}

/** `scale`: requests per second of two threads divided by those of one. */
export interface ScaleScenario extends Common {
  readonly measure: 'scale';
  readonly connections: number;
  readonly request: Request;
}

export type Scenario = CpuScenario | HeldScenario | StartScenario | CheckScenario | ScaleScenario;

const PLAIN: Features = {
  mode: 'http',
  policy: false,
  log: false,
  reuse: 'safe',
  splice: false,
  gzip: false,
  padding: 0,
  maxconn: 2000,
};
const POLICY: Features = { ...PLAIN, policy: true, log: true };
const GZIP: Features = { ...PLAIN, gzip: true };
const TCP: Features = { ...PLAIN, mode: 'tcp' };

const ratio = (atMost: number): Target => ({ kind: 'ratio', atMost });
const limit = (atMost: number): Target => ({ kind: 'limit', atMost });

const get = (path: string, body: string, headers: Record<string, string> = {}): Request => ({
  method: 'GET',
  path,
  headers: { Host: 'www.bench.example', 'User-Agent': 'bench/1.0', Accept: '*/*', ...headers },
  body,
});
const SMALL = get('/api/v1/items/42?page=1', 'small', {
  'X-Remove': 'me',
  Cookie: 'session=0123456789abcdef',
});
const CLOSING: Request = { ...SMALL, headers: { ...SMALL.headers, Connection: 'close' } };
const gzipped = (name: string): Request =>
  get(`/files/${name}.html`, name, { 'Accept-Encoding': 'gzip', Accept: 'text/html' });
const UPLOAD: Request = { ...get('/upload', 'up-1m'), method: 'POST' };

const cpu = (
  name: string,
  about: string,
  features: Features,
  connections: number,
  request: Request,
  atMost: number,
): CpuScenario => ({
  measure: 'cpu',
  name,
  about,
  features,
  connections,
  request,
  target: ratio(atMost),
});

export const SCENARIOS: readonly Scenario[] = [
  cpu('policy', 'policy + UDP log, 64 connections', POLICY, 64, SMALL, 0.8),
  cpu('policy-512', 'policy + UDP log, 512 connections', POLICY, 512, SMALL, 0.75),
  cpu('close', 'one connection per request', { ...POLICY, reuse: 'always' }, 64, CLOSING, 0.9),
  cpu('down-64k', '64 KB down, copy', PLAIN, 64, get('/files/down-64k.bin', 'down-64k'), 0.65),
  cpu(
    'down-64k-splice',
    '64 KB down, splice',
    { ...PLAIN, splice: true },
    64,
    get('/files/down-64k.bin', 'down-64k'),
    0.5,
  ),
  cpu('down-1m', '1 MB down', PLAIN, 32, get('/files/down-1m.bin', 'down-1m'), 0.6),
  cpu('up-1m', '1 MB up (POST)', PLAIN, 32, UPLOAD, 0.7),
  cpu('gzip-4k', 'gzip of 4 KB HTML', GZIP, 64, gzipped('html-4k'), 0.85),
  cpu('gzip-64k', 'gzip of 64 KB HTML', GZIP, 64, gzipped('html-64k'), 0.8),
  cpu('gzip-1m', 'gzip of 1 MB HTML', GZIP, 32, gzipped('html-1m'), 0.95),
  cpu('tcp-small', 'tcp, 128-byte answers', TCP, 64, SMALL, 0.85),
  cpu('tcp-1m', 'tcp, 1 MB answers', TCP, 32, get('/files/down-1m.bin', 'down-1m'), 0.4),
  {
    measure: 'held',
    manner: 'idle',
    name: 'idle',
    about: '10,000 idle keep-alive connections, each',
    features: { ...PLAIN, reuse: 'always', maxconn: 12_000 },
    connections: 10_000,
    request: get('/', 'small'),
    warmup: get('/', 'small'),
    target: limit(1536),
  },
  {
    measure: 'held',
    manner: 'stalled',
    name: 'stalled',
    about: '500 stalled readers of 16 MB, each',
    features: PLAIN,
    connections: 500,
    request: get('/files/down-16m.bin', 'down-16m'),
    warmup: get('/files/down-64k.bin', 'down-64k'),
    target: limit(65_536),
  },
  {
    measure: 'start',
    name: 'start-1',
    about: 'exec to first answer, 1 thread',
    features: { ...POLICY, padding: 40 },
    threads: 1,
    request: SMALL,
    target: limit(60),
  },
  {
    measure: 'start',
    name: 'start-2',
    about: 'exec to first answer, 2 threads',
    features: { ...POLICY, padding: 40 },
    threads: 2,
    request: SMALL,
    target: limit(90),
  },
  {
    measure: 'check',
    name: 'check-2000',
    about: '-c with 2,000 servers',
    features: PLAIN,
    servers: 2000,
    target: limit(200),
  },
  {
    measure: 'scale',
    name: 'threads-2',
    about: 'two threads against one, policy throughput',
    features: POLICY,
    connections: 64,
    request: SMALL,
    target: { kind: 'reported' },
  },
];
