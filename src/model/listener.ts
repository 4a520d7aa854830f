/** A listener is one bound address of a proxy. The control plane opens its socket; data threads only know its index. */
import type { Place } from './place.ts';
import type { Proxy } from './proxy.ts';

/** One address of a `bind` line, or the stats socket. Ports of a range are listeners of their own. */
export interface ListenerAddress {
  readonly kind: 'ipv4' | 'ipv6' | 'unix' | 'abns' | 'fd';
  /** Text form of an IP, a path, an abstract name; '' for any. */
  readonly host: string;
  readonly port: number;
  /** Inherited descriptor of `fd@`. */
  readonly fd: number;
  /** As written, for messages, `show` and the stats page. */
  readonly source: string;
}

export interface Listener {
  readonly index: number;
  readonly proxy: Proxy;
  readonly place: Place;
  readonly address: ListenerAddress;
  /** `name` of the bind line, or '' . */
  name: string;
  /** `id`, or given in order from 1. */
  id: number;
  /** 0 = not set. */
  maxconn: number;
  backlog: number;
  v6only: boolean;
  v4v6: boolean;
  /** unix sockets */
  mode: number | undefined;
  uid: number | undefined;
  gid: number | undefined;
  /** Keywords read but without a field of their own: name → words. */
  readonly settings: Map<string, readonly string[]>;
}
