/** `show servers state`, `show servers conn`, `show backend`: in the formats that HAProxy's tools and state files know. */
import { STATUS_NUMBERS } from '../check/result.ts';
import type { ServerRecord } from '../check/server-state.ts';
import type { Proxy } from '../model/proxy.ts';
import * as abi from '../native/abi.ts';
import { type Answer, type Command, type Control, command } from './command.ts';

/** Version of the format of `show servers state`. */
const STATE_VERSION = 1;
const STATE_HEADER =
  '# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight ' +
  'srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state ' +
  'srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port ' +
  'srv_check_addr srv_agent_addr srv_agent_port\n';

/** HAProxy's numbers: SRV_ST_*, SRV_ADMF_*, CHK_RES_*, CHK_ST_*. */
const OPERATION_NUMBERS = { down: 0, up: 2, stopping: 3 } as const;
const ADMIN_FORCED_MAINT = 1;
const ADMIN_FORCED_DRAIN = 8;
const RESULT_UNKNOWN = 0;
const RESULT_FAILED = 2;
const RESULT_PASSED = 3;
const RESULT_CONDITIONAL = 4;
const CHECK_CONFIGURED = 2;
const CHECK_ENABLED = 4;
const CHECK_PAUSED = 8;

function resultNumber(record: ServerRecord): number {
  const status = record.result?.status;
  if (status === undefined) return RESULT_UNKNOWN;
  if (status === 'L7OKC') return RESULT_CONDITIONAL;
  return status === 'L4OK' || status === 'L7OK' ? RESULT_PASSED : RESULT_FAILED;
}

function stateLine(record: ServerRecord): string {
  const { server } = record;
  const admin =
    (record.admin === 'maint' ? ADMIN_FORCED_MAINT : 0) | (record.isDrained ? ADMIN_FORCED_DRAIN : 0);
  const { check } = server;
  const checkState =
    (check.enabled ? CHECK_CONFIGURED : 0) |
    (check.enabled && record.checksEnabled ? CHECK_ENABLED : 0) |
    (check.enabled && record.admin === 'maint' ? CHECK_PAUSED : 0);
  const since = Math.max(0, Math.floor(Date.now() / 1000) - record.lastChangeSeconds);
  const name = server.address.kind === 'name' ? server.address.host : '-';
  const checkStatus = record.result?.status ?? 'INI';
  const words = [
    server.proxy.id,
    server.proxy.name,
    server.id,
    server.name,
    server.resolved?.host ?? '-',
    OPERATION_NUMBERS[record.operation],
    admin,
    record.weight,
    server.weight,
    since,
    STATUS_NUMBERS[checkStatus],
    resultNumber(record),
    record.health,
    checkState,
    0,
    0,
    0,
    name,
    server.address.port,
    '-',
    0,
    check.port,
    check.address?.host ?? '-',
    '-',
    0,
  ];
  return `${words.join(' ')}\n`;
}

function connLine(control: Control, record: ServerRecord): string {
  const { server } = record;
  const { live } = control.source;
  const word = (at: number) => Atomics.load(live.words, live.server(server.index) + at);
  const idle = word(abi.LIVE_SV_IDLE);
  const idles = Array.from({ length: control.source.facts.threads }, () => 0);
  idles[0] = idle;
  const words = [
    `${server.proxy.name}/${server.name}`,
    `${server.proxy.id}/${server.id}`,
    server.resolved?.host ?? '-',
    server.address.port,
    '-',
    server.poolPurgeDelayMs,
    word(abi.LIVE_SV_SERVED),
    word(abi.LIVE_SV_SERVED),
    word(abi.LIVE_SV_SERVED_MAX),
    word(abi.LIVE_SV_SERVED_MAX),
    idle,
    0,
    idle,
    server.poolMaxConn,
    idle,
    ...idles,
  ];
  return `${words.join(' ')}\n`;
}

function* listing(
  control: Control,
  backend: string | undefined,
  header: string,
  line: (record: ServerRecord) => string,
): Generator<string> {
  yield header;
  const isWanted = (proxy: Proxy) => backend === undefined || proxy.name === backend;
  for (const proxy of control.source.configuration.proxies) {
    if (!proxy.isBackend || proxy.disabled || !isWanted(proxy)) continue;
    for (const server of proxy.servers) yield line(control.source.states.of(server));
  }
}

/** Refuses a backend that does not exist, else lists. */
function withBackend(
  control: Control,
  name: string | undefined,
  header: string,
  line: (record: ServerRecord) => string,
): Answer {
  const { proxies } = control.source.configuration;
  if (name !== undefined && !proxies.some((proxy) => proxy.isBackend && proxy.name === name)) {
    return "Can't find backend.\n";
  }
  return listing(control, name, header, line);
}

export const showServersCommands: readonly Command[] = [
  command(
    'show servers state',
    '[<backend>]',
    'dump volatile server information (all or for a single backend)',
    'user',
    (control, [name]) => withBackend(control, name, `${STATE_VERSION}\n${STATE_HEADER}`, stateLine),
  ),
  command(
    'show servers conn',
    '[<backend>]',
    'dump server connections status (all or for a single backend)',
    'user',
    (control, [name]) => {
      const header =
        '# bkname/svname bkid/svid addr port - purge_delay served used_cur used_max need_est idle_sess ' +
        `unsafe_nb safe_nb idle_lim idle_cur idle_per_thr[${control.source.facts.threads}]\n`;
      return withBackend(control, name, header, (record) => connLine(control, record));
    },
  ),
  command('show backend', '', 'list backends in the current running config', 'user', (control) => {
    const names = control.source.configuration.proxies.filter((one) => one.isBackend && !one.disabled);
    return `# name\n${names.map((one) => `${one.name}\n`).join('')}`;
  }),
];
