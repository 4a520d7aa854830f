/** The whole configuration once read: what `configure(files)` hands to every thread. All threads parse the same bytes, so
 * indexes are the same everywhere.
 */
import type { Listener } from './listener.ts';
import type { PatternLists } from './pattern-list.ts';
import type { Place } from './place.ts';
import type { LogLine, LogTarget, Proxy } from './proxy.ts';
import type { Server } from './server.ts';

/** `global`: named fields for what is used on the data path or at start, `settings` for the rest (keyword → last words). */
export interface GlobalSettings {
  nbthread: number;
  /** 0 = computed from the descriptor limit. */
  maxconn: number;
  bufsize: number;
  maxrewrite: number;
  httpMaxhdr: number;
  /** 0 = default (64 divided by threads as HAProxy does). */
  maxaccept: number;
  idlePoolShared: boolean;
  hardStopAfterMs: number;
  /** close-spread-time; 0 = none, the longest time there is = infinite. */
  closeSpreadMs: number;
  localPeer: string;
  hostname: string;
  logTag: string;
  /** `log-send-hostname`; undefined = not sent. */
  logSendHostname: string | undefined;
  spreadChecks: number;
  maxCompressionLevel: number;
  /** `maxcomprate`, kilobytes per second given to encoders; 0 = no limit. */
  maxCompressionRateKb: number;
  /** `maxcompcpuusage`; 100 = no limit. */
  maxCompressionCpuPercent: number;
  /** `user`, `uid`, `group`, `gid`: what the process becomes once its sockets are open; undefined = stays. */
  uid: number | undefined;
  gid: number | undefined;
  /** `chroot`; '' = none. */
  chroot: string;
  /** Cores are written when it crashes. */
  isDumpable: boolean;
  isDaemon: boolean;
  /** A limit that cannot be had ends the start; `no strict-limits` goes on with a warning. */
  isStrict: boolean;
  /** `cpu-map`: processors by thread, from 0. */
  readonly cpuMap: (readonly number[] | undefined)[];
  readonly logs: LogLine[];
  readonly statsSockets: StatsSocket[];
  statsTimeoutMs: number;
  statsMaxconn: number;
  readonly settings: Map<string, readonly string[]>;
}

export interface StatsSocket {
  readonly place: Place;
  readonly source: string;
  readonly kind: 'unix' | 'abns' | 'ipv4' | 'ipv6' | 'fd';
  readonly host: string;
  readonly port: number;
  readonly fd: number;
  level: 'user' | 'operator' | 'admin';
  mode: number | undefined;
  uid: number | undefined;
  gid: number | undefined;
  exposeListeners: boolean;
  /** Network namespace and interface, '' = none. */
  readonly namespace: string;
  readonly device: string;
}

export interface Configuration {
  readonly global: GlobalSettings;
  /** Frontends, backends and listens in file order (defaults are not among them). */
  readonly proxies: Proxy[];
  readonly servers: Server[];
  readonly listeners: Listener[];
  readonly logTargets: LogTarget[];
  /** Patterns of acls, in the order of the file: what the runtime API changes. */
  readonly patternLists: PatternLists;
}
