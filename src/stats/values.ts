/** The value of each column for one object. Counters come from model/counters.ts by their column's name; everything else has a
 * function here or in server-values.ts.
 */
import { readCounter } from '../model/counter-slices.ts';
import { COUNTERS, type Counter } from '../model/counters.ts';
import type { ListenerAddress } from '../model/listener.ts';
import type { Proxy } from '../model/proxy.ts';
import * as abi from '../native/abi.ts';
import { CORE_FIELDS, EXTRA_FIELDS, type Field, type ObjectKind } from './fields.ts';
import { type StatsObject, TYPE_NUMBERS } from './objects.ts';
import { serverValue } from './server-values.ts';
import type { StatsSource } from './source.ts';

export type StatsValue = string | number | undefined;

const counters: ReadonlyMap<string, Counter> = new Map(COUNTERS.map((counter) => [counter.column, counter]));

/** Listeners in `addr` and `proto`. */
export function listenerText(address: ListenerAddress): string {
  const { kind, host, port } = address;
  if (kind === 'fd') return `fd@${address.fd}`;
  if (kind === 'unix') return 'unix';
  if (kind === 'abns') return 'abns';
  return kind === 'ipv4' ? `${host || '0.0.0.0'}:${port}` : `[${host || '::'}]:${port}`;
}

const PROTOCOLS: Readonly<Record<ListenerAddress['kind'], string>> = {
  ipv4: 'tcpv4',
  ipv6: 'tcpv6',
  unix: 'unix_stream',
  abns: 'unix_stream',
  fd: 'tcpv4',
};

type Getter = (source: StatsSource, object: StatsObject) => StatsValue;

function live(word: number): (source: StatsSource, object: StatsObject) => number {
  return (source, { proxy }) => Atomics.load(source.live.words, source.live.proxy(proxy.index) + word);
}

const feconn = live(abi.LIVE_PX_FECONN);

function httpCount(source: StatsSource, object: StatsObject, name: string): number {
  return object.proxy.mode === 'http' ? counterOf(source, object, name) : 0;
}

const COMMON: Readonly<Record<string, Getter>> = {
  pxname: (_, { proxy }) => proxy.name,
  pid: () => 1,
  iid: (_, { proxy }) => proxy.id,
  sid: (_, { id }) => id,
  type: (_, { kind }) => TYPE_NUMBERS[kind],
  mode: (_, { proxy }) => proxy.mode,
};

const FRONTEND: Readonly<Record<string, Getter>> = {
  svname: () => 'FRONTEND',
  scur: feconn,
  smax: live(abi.LIVE_PX_CONN_MAX),
  slim: live(abi.LIVE_PX_FE_MAXCONN),
  status: (source, { proxy }) => frontendStatus(source, proxy.index),
  rate_lim: () => 0,
  h1sess: (source, object) => httpCount(source, object, 'stot'),
  h1req: (source, object) => httpCount(source, object, 'req_tot'),
  h1_open_connections: (source, object) => (object.proxy.mode === 'http' ? feconn(source, object) : 0),
  h1_total_connections: (source, object) => httpCount(source, object, 'conn_tot'),
  h1_total_streams: (source, object) => httpCount(source, object, 'req_tot'),
  h1_bytes_in: (source, object) => httpCount(source, object, 'bin'),
  h1_bytes_out: (source, object) => httpCount(source, object, 'resbout'),
  sess_other: (source, object) => (object.proxy.mode === 'http' ? 0 : counterOf(source, object, 'stot')),
};

const LISTENER: Readonly<Record<string, Getter>> = {
  svname: (_, { listener }) => listener?.name || `sock-${listener?.id}`,
  scur: (source, { listener }) =>
    Atomics.load(source.live.words, source.live.listener(listener?.index ?? 0) + abi.LIVE_LI_CONN),
  smax: (source, { listener }) => source.rates.listenerMax[listener?.index ?? 0] ?? 0,
  slim: (_, { listener }) => listener?.maxconn ?? 0,
  status: () => 'OPEN',
  addr: (_, { listener }) => (listener === undefined ? undefined : listenerText(listener.address)),
  proto: (_, { listener }) => (listener === undefined ? undefined : PROTOCOLS[listener.address.kind]),
};

const BACKEND: Readonly<Record<string, Getter>> = {
  svname: () => 'BACKEND',
  qcur: live(abi.LIVE_PX_QUEUED),
  scur: live(abi.LIVE_PX_BECONN),
  smax: (source, { proxy }) => source.rates.backendMax[proxy.index] ?? 0,
  slim: (_, { proxy }) => proxy.fullconn,
  status: backendStatus,
  weight: (source, { proxy }) => usableWeight(source, proxy),
  uweight: (source, { proxy }) => usableWeight(source, proxy),
  act: (source, { proxy }) => source.states.counts(proxy).active,
  bck: (source, { proxy }) => source.states.counts(proxy).backup,
  chkdown: (source, { proxy }) => source.states.proxies[proxy.index]?.downTransitions ?? 0,
  lastchg: (source, { proxy }) => secondsSince(source.states.proxies[proxy.index]?.lastChangeSeconds ?? 0),
  downtime: (source, { proxy }) => {
    const record = source.states.proxies[proxy.index];
    if (record === undefined || proxy.servers.length === 0) return undefined;
    const now = source.states.isEmpty(proxy) ? secondsSince(record.lastChangeSeconds) : 0;
    return record.downtimeSeconds + now;
  },
  algo: (_, { proxy }) => (proxy.balance.algorithm === 'random' ? 'unknown' : proxy.balance.algorithm),
  h1_total_connections: (source, object) => httpCount(source, object, 'connect'),
  h1_total_streams: (source, object) =>
    httpCount(source, object, 'connect') + httpCount(source, object, 'reuse'),
};

function backendStatus(source: StatsSource, { proxy, isFiltered }: StatsObject): string {
  const isUp = proxy.servers.length === 0 || !source.states.isEmpty(proxy);
  const status = isUp ? 'UP' : 'DOWN';
  if (!isFiltered) return status;
  const up = proxy.servers.filter((one) => source.states.of(one).operation !== 'down').length;
  return `${status} (${up}/${proxy.servers.length})`;
}

/** Of the servers in use: the active ones, or else the backups. */
function usableWeight(source: StatsSource, proxy: Proxy): number {
  const usesBackups = source.states.counts(proxy).active === 0;
  const usesFirst = usesBackups && !proxy.options.has('allbackups');
  let sum = 0;
  for (const server of proxy.servers) {
    const record = source.states.of(server);
    if (!source.states.isUsable(record) || server.backup !== usesBackups) continue;
    sum += record.weight;
    if (usesFirst) break;
  }
  return sum;
}

/** <seconds> since 1970 to now; 0 for what lies ahead. */
export function secondsSince(seconds: number): number {
  return Math.max(0, Math.floor(Date.now() / 1000) - seconds);
}

function frontendStatus(source: StatsSource, index: number): string {
  const { words } = source.live;
  if (Atomics.load(words, abi.LIVE_STOPPING) !== 0) return 'STOP';
  const changed = source.changed.frontends.get(index);
  if (changed !== undefined) return changed === 'paused' ? 'PAUSED' : 'STOP';
  const at = source.live.proxy(index);
  const isFull = (words[at + abi.LIVE_PX_FECONN] as number) >= (words[at + abi.LIVE_PX_FE_MAXCONN] as number);
  return isFull && (words[at + abi.LIVE_PX_FE_MAXCONN] as number) > 0 ? 'FULL' : 'OPEN';
}

const GETTERS: Readonly<Record<ObjectKind, Readonly<Record<string, Getter>>>> = {
  F: FRONTEND,
  L: LISTENER,
  B: BACKEND,
  S: {},
};

/** The counter of column <name> over all threads; 0 when nothing counts it. */
export function counterOf(source: StatsSource, object: StatsObject, name: string): number {
  const counter = counters.get(name);
  if (counter === undefined) return 0;
  const value = readCounter(source.counters, source.layout, object.record, counter, source.nowMs());
  if (counter.kind !== 'clock') return value;
  return value === 0 ? -1 : Math.max(0, Math.floor((source.nowMs() - value) / 1000));
}

/** undefined: the object has no such value (an empty column). */
export function valueOf(source: StatsSource, object: StatsObject, field: Field): StatsValue {
  if (!field.kinds.includes(object.kind)) return undefined;
  const isHttpOnly = field.isHttp || (field.name === 'req_tot' && object.kind !== 'F');
  if (isHttpOnly && object.proxy.mode !== 'http') return undefined;
  const common = COMMON[field.name] ?? GETTERS[object.kind][field.name];
  if (common !== undefined) return common(source, object);
  if (object.server !== undefined) {
    const own = serverValue(source, object.server, field.name);
    if (own !== null) return own;
  }
  return field.type === 'str' ? undefined : counterOf(source, object, field.name);
}

export const ALL_FIELDS: readonly Field[] = [...CORE_FIELDS, ...EXTRA_FIELDS];
