/** The objects that statistics are about, in HAProxy's order: of each proxy its frontend, its listeners (with `option socket-stats`), its
 * servers, its backend.
 */
import { backendRecord, frontendRecord, listenerRecord, serverRecord } from '../model/counter-slices.ts';
import type { Listener } from '../model/listener.ts';
import type { Proxy } from '../model/proxy.ts';
import type { Server } from '../model/server.ts';
import type { ObjectKind } from './fields.ts';
import type { StatsSource } from './source.ts';

export interface StatsObject {
  readonly kind: ObjectKind;
  readonly proxy: Proxy;
  readonly server: Server | undefined;
  readonly listener: Listener | undefined;
  /** 0 for frontends and backends. */
  readonly id: number;
  /** Word offset of its counters. */
  readonly record: number;
  /** Servers are left out of the listing: the backend then says how many there are. */
  readonly isFiltered: boolean;
}

/** Bits of the type argument of `show stat`, and the numbers of the column `type`. */
export const TYPE_NUMBERS: Readonly<Record<ObjectKind, number>> = { F: 0, B: 1, S: 2, L: 3 };
const TYPE_BITS: Readonly<Record<ObjectKind, number>> = { F: 1, B: 2, S: 4, L: 8 };

export interface ObjectFilter {
  /** -1 = all. */
  readonly proxyId: number;
  /** Sum of 1 frontends, 2 backends, 4 servers, 8 listeners; -1 = all. */
  readonly types: number;
  /** Server (or listener) id; -1 = all. */
  readonly id: number;
  /** Only what is up, or not in maintenance. */
  readonly only: 'all' | 'up' | 'no-maint';
}

export const EVERYTHING: ObjectFilter = { proxyId: -1, types: -1, id: -1, only: 'all' };

function* ofProxy(source: StatsSource, proxy: Proxy, isFiltered: boolean): Generator<StatsObject> {
  const base = { proxy, server: undefined, listener: undefined, id: 0, isFiltered };
  if (proxy.isFrontend) yield { ...base, kind: 'F', record: frontendRecord(proxy.index) };
  if (proxy.isFrontend && proxy.options.has('socket-stats')) {
    for (const listener of proxy.listeners) {
      const record = listenerRecord(source.layout, listener.index);
      yield { ...base, kind: 'L', listener, id: listener.id, record };
    }
  }
  for (const server of proxy.servers) {
    yield { ...base, kind: 'S', server, id: server.id, record: serverRecord(source.layout, server.index) };
  }
  if (proxy.isBackend) yield { ...base, kind: 'B', record: backendRecord(proxy.index) };
}

function passes(source: StatsSource, object: StatsObject, filter: ObjectFilter): boolean {
  if (filter.types !== -1 && (filter.types & TYPE_BITS[object.kind]) === 0) return false;
  if (filter.id !== -1 && object.id !== filter.id) return false;
  if (object.server === undefined || filter.only === 'all') return true;
  const record = source.states.of(object.server);
  return filter.only === 'up' ? source.states.isUsable(record) : record.admin !== 'maint';
}

export function* statsObjects(source: StatsSource, filter: ObjectFilter): Generator<StatsObject> {
  for (const proxy of source.configuration.proxies) {
    if (proxy.disabled || (filter.proxyId !== -1 && proxy.id !== filter.proxyId)) continue;
    for (const object of ofProxy(source, proxy, filter.only !== 'all'))
      if (passes(source, object, filter)) yield object;
  }
}
