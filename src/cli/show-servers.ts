/** `show servers state`, `show servers conn`, `show backend`: in the formats that HAProxy's tools and state files know. */
import type { ServerRecord } from '../check/server-state.ts';
import type { Proxy } from '../model/proxy.ts';
import * as abi from '../native/abi.ts';
import { STATE_HEADER, STATE_VERSION, stateLine } from '../state/server-line.ts';
import { type Answer, fail } from './answer.ts';
import { type Command, type Control, command } from './command.ts';
import { isNamed } from './find-server.ts';

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
    (server.resolved ?? server.address).port,
    '-',
    server.poolPurgeDelayMs,
    word(abi.LIVE_SV_SERVED),
    word(abi.LIVE_SV_SERVED),
    word(abi.LIVE_SV_SERVED_MAX),
    word(abi.LIVE_SV_SERVED_MAX),
    0,
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
  const isWanted = (proxy: Proxy) => backend === undefined || isNamed(proxy, backend);
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
  if (name !== undefined && !proxies.some((proxy) => proxy.isBackend && isNamed(proxy, name))) {
    return fail("Can't find backend.\n");
  }
  return listing(control, name, header, line);
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

export const showServersCommands: readonly Command[] = [
  command(
    'show servers state',
    '[<backend>]',
    'dump volatile server information (all or for a single backend)',
    'user',
    (control, [name]) =>
      withBackend(control, name, `${STATE_VERSION}\n${STATE_HEADER}`, (record) =>
        stateLine(record, nowSeconds()),
      ),
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
