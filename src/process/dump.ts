/** What SIGHUP and SIGQUIT say: the state of servers and proxies, and of memory (management guide, section 4). */

import type { Proxy } from '../model/proxy.ts';
import * as abi from '../native/abi.ts';
import { EVERYTHING, type StatsObject, statsObjects } from '../stats/objects.ts';
import type { StatsSource } from '../stats/source.ts';
import { counterOf } from '../stats/values.ts';
import type { ControlVoice } from './control-voice.ts';
import type { Speaker } from './say.ts';

const NOTICE = 5;

function countOf(source: StatsSource, proxy: Proxy, kind: 'F' | 'B', name: string): number {
  for (const object of statsObjects(source, { ...EVERYTHING, proxyId: proxy.id })) {
    if (object.kind === kind) return counterOf(source, object as StatsObject, name);
  }
  return 0;
}

function connections(source: StatsSource, proxy: Proxy): string {
  const { live } = source;
  const word = (at: number) => Atomics.load(live.words, live.proxy(proxy.index) + at);
  const unassigned = word(abi.LIVE_PX_QUEUED);
  let pending = unassigned;
  for (const server of proxy.servers) pending += source.states.sessions(server).queued;
  const totals = `${countOf(source, proxy, 'F', 'conn_tot')}+${countOf(source, proxy, 'B', 'stot')}`;
  return (
    `Conn: act(FE+BE): ${word(abi.LIVE_PX_FECONN)}+${word(abi.LIVE_PX_BECONN)}, ` +
    `${pending} pend (${unassigned} unass), tot(FE+BE): ${totals}.`
  );
}

function availability(source: StatsSource, proxy: Proxy): string {
  if (proxy.servers.length === 0) return 'has no servers.';
  const { active, backup } = source.states.counts(proxy);
  if (active > 0) return `has ${active} active servers and ${backup} backup servers available.`;
  return backup > 0 ? 'is running on backup servers !' : 'has no server available !';
}

/** SIGHUP. */
export function dumpStates(source: StatsSource, voice: ControlVoice): void {
  voice.warn('SIGHUP received, dumping servers states.');
  const say = (proxy: Proxy, text: string) => {
    voice.warn(text);
    voice.log(proxy, NOTICE, text);
  };
  for (const proxy of source.configuration.proxies) {
    if (proxy.disabled) continue;
    for (const server of proxy.servers) {
      const record = source.states.of(server);
      const { served, queued } = source.states.sessions(server);
      const isUp = record.operation !== 'down' && record.admin !== 'maint';
      const object = [
        ...statsObjects(source, { ...EVERYTHING, proxyId: proxy.id, types: 4, id: server.id }),
      ][0];
      const total = object === undefined ? 0 : counterOf(source, object, 'stot');
      const conns = `Conn: ${served} act, ${queued} pend, ${total} tot.`;
      say(proxy, `SIGHUP: Server ${proxy.name}/${server.name} is ${isUp ? 'UP' : 'DOWN'}. ${conns}`);
    }
    say(proxy, `SIGHUP: Proxy ${proxy.name} ${availability(source, proxy)} ${connections(source, proxy)}`);
  }
}

/** SIGQUIT. */
export function dumpMemory(source: StatsSource, speaker: Speaker): void {
  const { usedBytes, maxBytes } = source.facts.poolUsage();
  const { rss, heapUsed, external } = process.memoryUsage();
  speaker.print(
    'Dumping pools usage.\n' +
      `  - buffers of all engines: ${usedBytes} bytes used, at most ${maxBytes}\n` +
      `  - main thread: ${heapUsed} bytes of heap, ${external} outside it\n` +
      `Total: ${rss} bytes resident.\n`,
  );
}
