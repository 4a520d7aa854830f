/** Columns of the statistics that only servers have: state, checks, addresses. */
import { healthShown, isUp } from '../check/health.ts';
import { STATUS_TEXTS } from '../check/result.ts';
import type { ServerRecord } from '../check/server-state.ts';
import type { Server, ServerAddress } from '../model/server.ts';
import * as abi from '../native/abi.ts';
import type { StatsSource } from './source.ts';

type Value = string | number | undefined;

/** The column `status`. */
export function serverStatus(_: StatsSource, record: ServerRecord): string {
  const { server } = record;
  if (record.admin === 'maint') return 'MAINT';
  const shown = healthShown(record.health, server.check);
  if (record.operation === 'down') return shown.at > 0 ? `DOWN ${shown.at}/${shown.of}` : 'DOWN';
  const isDrained = record.admin === 'drain' || record.isDrained || record.weight === 0;
  if (!record.checksEnabled) return isDrained && record.weight > 0 ? 'DRAIN' : 'no check';
  const isFull = shown.at === shown.of || !isUp(record.health, server.check);
  const count = isFull ? '' : ` ${shown.at}/${shown.of}`;
  if (isDrained) return `DRAIN${count}`;
  return `${record.operation === 'stopping' ? 'NOLB' : 'UP'}${count}`;
}

export function serverAddressText(address: ServerAddress | undefined): string {
  if (address === undefined || address.kind === 'name') return '';
  if (address.kind === 'unix') return 'unix';
  if (address.kind === 'abns') return 'abns';
  const host = address.kind === 'ipv6' ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}

type Getter = (source: StatsSource, record: ServerRecord) => Value;

function live(word: number): Getter {
  return (source, { server }) => Atomics.load(source.live.words, source.live.server(server.index) + word);
}

/** Columns of a server whose checks are on. */
function checked(getter: Getter): Getter {
  return (source, record) =>
    record.checksEnabled && record.admin !== 'maint' ? getter(source, record) : undefined;
}

const GETTERS: Readonly<Record<string, Getter>> = {
  svname: (_, { server }) => server.name,
  qcur: live(abi.LIVE_SV_QUEUED),
  scur: live(abi.LIVE_SV_SERVED),
  smax: live(abi.LIVE_SV_SERVED_MAX),
  slim: (source, record) => (live(abi.LIVE_SV_MAXCONN)(source, record) as number) || undefined,
  status: serverStatus,
  weight: (source, record) =>
    source.states.isUsable(record) || record.operation === 'down' ? record.weight : 0,
  uweight: (_, record) => record.weight,
  act: (_, { server }) => Number(!server.backup),
  bck: (_, { server }) => Number(server.backup),
  chkfail: checked((_, record) => record.failedChecks),
  chkdown: checked((_, record) => record.downTransitions),
  lastchg: (_, record) => Math.max(0, Math.floor(Date.now() / 1000) - record.lastChangeSeconds),
  downtime: checked((source, record) => source.states.downtime(record)),
  qlimit: (_, { server }) => server.maxqueue || undefined,
  throttle: () => undefined,
  tracked: () => undefined,
  check_status: checked((_, record) => {
    const status = record.result?.status ?? 'INI';
    return record.isChecking ? `* ${status}` : status;
  }),
  check_code: checked((_, { result }) => result?.code || undefined),
  check_duration: checked((_, { result }) => result?.durationMs),
  hanafail: () => undefined,
  last_chk: checked((_, { result }) => result?.info ?? ''),
  check_desc: checked((_, { result }) => STATUS_TEXTS[result?.status ?? 'INI']),
  check_rise: checked((_, { server }) => server.check.rise),
  check_fall: checked((_, { server }) => server.check.fall),
  // Before the first answer nothing is known.
  check_health: checked((_, record) => (record.result === undefined ? 0 : record.health)),
  addr: (_, { server }) => serverAddressText(server.resolved),
  cookie: (_, { server }) => server.cookie,
  srv_icur: live(abi.LIVE_SV_IDLE),
  src_ilim: (_, { server }) => (server.poolMaxConn < 0 ? undefined : server.poolMaxConn),
  idle_conn_cur: live(abi.LIVE_SV_IDLE),
  used_conn_cur: live(abi.LIVE_SV_SERVED),
  need_conn_est: live(abi.LIVE_SV_SERVED_MAX),
};

/** Columns about an agent check: there is none. */
const AGENT = /^agent_|^last_agt$/;

/** null: not one of these columns. */
export function serverValue(source: StatsSource, server: Server, column: string): Value | null {
  if (AGENT.test(column)) return undefined;
  const getter = GETTERS[column];
  return getter === undefined ? null : getter(source, source.states.of(server));
}
