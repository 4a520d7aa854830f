/** A server of a backend: what the configuration says, and where its shared state lies. The control plane owns its state
 * (checks, runtime API); data threads read it from the live array.
 */
import type { Place } from './place.ts';
import type { Proxy } from './proxy.ts';
import type { ServerProxy } from './server-proxy.ts';

/** LIVE_SV_STATE bits. A server may be given new work when RUNNING is set and DRAIN and MAINT are not. */
export const SERVER_RUNNING = 1;
export const SERVER_DRAIN = 2;
export const SERVER_MAINT = 4;
export const SERVER_STARTING = 8;
export const SERVER_STOPPING = 16;

export interface ServerAddress {
  readonly kind: 'ipv4' | 'ipv6' | 'unix' | 'abns' | 'name';
  readonly host: string;
  /** 0 = the client's own port (plus `portOffset`). */
  readonly port: number;
  readonly portOffset: number;
  readonly source: string;
}

export interface CheckSettings {
  enabled: boolean;
  interMs: number;
  /** 0 = inter */
  fastinterMs: number;
  downinterMs: number;
  rise: number;
  fall: number;
  port: number;
  address: ServerAddress | undefined;
}

export interface Server {
  /** Position in `Configuration.servers`: its record in the live array. */
  readonly index: number;
  readonly proxy: Proxy;
  readonly name: string;
  readonly place: Place;
  /** `id`, or given in order from 1 within its backend. */
  id: number;
  address: ServerAddress;
  /** The name resolved: what the engine connects to; undefined = no address, server unusable. */
  resolved: ServerAddress | undefined;
  /** Descriptor of the network namespace it is reached in, -1 = our own; main's alone. */
  netnsFd: number;
  weight: number;
  backup: boolean;
  disabled: boolean;
  /** 0 = none. */
  maxconn: number;
  minconn: number;
  maxqueue: number;
  cookie: string | undefined;
  poolMaxConn: number;
  poolLowConn: number;
  poolPurgeDelayMs: number;
  readonly check: CheckSettings;
  /** undefined: connections begin with the request. */
  sendProxy: ServerProxy | undefined;
  /** Keywords read but without a field of their own: name → words. */
  readonly settings: Map<string, readonly string[]>;
}
