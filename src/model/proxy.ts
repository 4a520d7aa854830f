/** A proxy is a frontend, a backend, or both (listen): everything its section said, resolved and ready for the data path.
 * Made by src/section when the configuration is read; never changed by a data thread afterwards.
 */
import type { Listener } from './listener.ts';
import type { Place } from './place.ts';
import type { Condition, Expression, LogFormat, Rule, RuleSet } from './rules.ts';
import type { Server } from './server.ts';

export interface Timeouts {
  clientMs: number;
  serverMs: number;
  connectMs: number;
  /** -1 = not set: the HTTP request timeout is then the client's, keep-alive the request's, queue the connect's … */
  httpRequestMs: number;
  httpKeepAliveMs: number;
  tunnelMs: number;
  clientFinMs: number;
  /** For what comes before the first request (a PROXY header); -1 = the client's. */
  clientHsMs: number;
  serverFinMs: number;
  queueMs: number;
  tarpitMs: number;
  checkMs: number;
}

/** `use_backend name|log-format [if …]`: `backend` when the name is fixed, else `name` builds it. */
export interface UseBackend {
  readonly place: Place;
  readonly backend: Proxy | undefined;
  readonly name: LogFormat | undefined;
  readonly condition: Condition | undefined;
}

export interface UseServer {
  readonly place: Place;
  readonly server: Server;
  readonly condition: Condition | undefined;
}

/** A `log` line: `target` is an index into `Configuration.logTargets`. */
export interface LogLine {
  readonly target: number;
  readonly facility: number;
  readonly maxLevel: number;
  readonly minLevel: number;
  readonly maxLength: number;
  /** `default`: local, or rfc3164 once `log-send-hostname` gives a host to send. */
  readonly format:
    | 'default'
    | 'rfc3164'
    | 'rfc5424'
    | 'short'
    | 'raw'
    | 'iso'
    | 'timed'
    | 'priority'
    | 'local';
}

export interface LogTarget {
  readonly kind: 'udp' | 'unix' | 'fd';
  readonly host: string;
  readonly port: number;
  readonly fd: number;
  readonly source: string;
}

export interface Balance {
  algorithm: string;
  readonly args: string[];
  /** `balance hash <expression>`, compiled. */
  expression?: Expression;
}

export interface CompressionSettings {
  algosRequest: string[];
  algosResponse: string[];
  typesRequest: string[];
  typesResponse: string[];
  offload: boolean;
  direction: 'request' | 'response' | 'both';
  minsizeRequest: number;
  minsizeResponse: number;
  /** Sluice's own: announce Vary on the identity variant too. */
  varyAlways: boolean;
}

export interface ForwardFor {
  header: string;
  ifNone: boolean;
  except: { readonly network: string } | undefined;
}

export interface Capture {
  readonly name: string;
  readonly length: number;
}

/** Answer sent instead of HAProxy's own page for a status. The whole HTTP message, as read from the file. */
export interface ErrorFile {
  readonly status: number;
  readonly path: string;
  readonly message: Buffer;
}

export type HttpReuse = 'never' | 'safe' | 'aggressive' | 'always';

export interface Proxy {
  /** Position in `Configuration.proxies`: its record in the live array. */
  readonly index: number;
  readonly kind: 'frontend' | 'backend' | 'listen' | 'defaults';
  readonly name: string;
  readonly place: Place;
  /** `id`, or given in order from 2 (1 is the stats frontend). */
  id: number;
  readonly isFrontend: boolean;
  readonly isBackend: boolean;
  mode: 'http' | 'tcp';
  disabled: boolean;
  description: string;
  readonly listeners: Listener[];
  readonly servers: Server[];
  readonly timeouts: Timeouts;
  /** Boolean options by their name in the manual: `http-server-close`, `dontlognull`, `abortonclose` … defaults of 3.5 applied. */
  readonly options: Set<string>;
  /** Frontend: 0 = the process default. */
  maxconn: number;
  fullconn: number;
  backlog: number;
  readonly rules: Map<RuleSet, Rule[]>;
  readonly useBackends: UseBackend[];
  readonly useServers: UseServer[];
  defaultBackend: Proxy | undefined;
  readonly logs: LogLine[];
  /** undefined = HAProxy's default format for the mode; `option httplog` etc. set it. */
  logFormat: LogFormat | undefined;
  logFormatKind: 'default' | 'http' | 'tcp' | 'clf' | 'custom';
  errorLogFormat: LogFormat | undefined;
  logTag: string | undefined;
  uniqueIdFormat: LogFormat | undefined;
  uniqueIdHeader: string | undefined;
  readonly requestCaptures: Capture[];
  readonly responseCaptures: Capture[];
  readonly balance: Balance;
  httpReuse: HttpReuse;
  retries: number;
  /** `option redispatch [n]`: 0 = off. */
  redispatchInterval: number;
  forwardFor: ForwardFor | undefined;
  originalTo: ForwardFor | undefined;
  readonly errorFiles: Map<number, ErrorFile>;
  compression: CompressionSettings | undefined;
  /** `option httpchk` and `http-check …`, as lines for src/check to compile; undefined = TCP check. */
  readonly checkLines: { readonly place: Place; readonly words: readonly string[] }[];
  /** `tcp-request inspect-delay`; absent = 0. */
  inspectDelayMs?: number;
  /** `monitor fail if …`: any of them true, and `monitor-uri` answers 503. */
  monitorFails?: Condition[];
  /** `monitor-uri`, `stats uri` and friends: keyword → words, for their own rooms. */
  readonly settings: Map<string, readonly string[]>;
}
