/** The accounting loop of the main thread: once a second it measures what only differences show (connections, bytes, CPU per second),
 * more often it looks for maximums that no engine keeps. Owns nothing but the last readings.
 */

import * as abi from '../native/abi.ts';
import { frontendTotal } from '../stats/info.ts';
import type { ProcessRates, StatsSource } from '../stats/source.ts';

const SECOND_MS = 1000;
/** How often the maximums are looked for. */
const LOOK_MS = 100;

interface Readings {
  atMs: number;
  connections: number;
  requests: number;
  bytesOut: number;
  compressedIn: number;
  compressedOut: number;
  cpuMicros: number;
}

export class Accounting {
  /** 0 to 100 of the last second. */
  idlePercent = 100;
  private readonly rates: ProcessRates;
  private source: StatsSource | undefined;
  private last: Readings | undefined;

  constructor(rates: ProcessRates) {
    this.rates = rates;
  }

  begin(source: StatsSource): void {
    this.source = source;
    this.last = this.read(source);
    setInterval(() => this.second(), SECOND_MS).unref();
    setInterval(() => this.look(source), LOOK_MS).unref();
  }

  private read(source: StatsSource): Readings {
    const { words } = source.live;
    const cpu = process.cpuUsage();
    return {
      atMs: source.nowMs(),
      connections: words[abi.LIVE_CUM_CONN] as number,
      requests: words[abi.LIVE_CUM_REQ] as number,
      bytesOut: frontendTotal(source, 'bout'),
      compressedIn: frontendTotal(source, 'comp_in'),
      compressedOut: frontendTotal(source, 'comp_out'),
      cpuMicros: cpu.user + cpu.system,
    };
  }

  private second(): void {
    const { source, last, rates } = this;
    if (source === undefined || last === undefined) return;
    const now = this.read(source);
    const seconds = Math.max((now.atMs - last.atMs) / 1000, 0.001);
    const rate = (key: keyof Readings) => Math.max(0, Math.round((now[key] - last[key]) / seconds));
    rates.connPerSecond = rate('connections');
    rates.connPerSecondMax = Math.max(rates.connPerSecondMax, rates.connPerSecond);
    rates.requestsPerSecond = rate('requests');
    rates.bytesOutPerSecond = rate('bytesOut');
    rates.compressedInPerSecond = rate('compressedIn');
    rates.compressedOutPerSecond = rate('compressedOut');
    const busy = (now.cpuMicros - last.cpuMicros) / (seconds * 1e6 * source.facts.threads);
    this.idlePercent = Math.round(100 * Math.min(1, Math.max(0, 1 - busy)));
    this.last = now;
  }

  private look(source: StatsSource): void {
    const { live, configuration } = source;
    const { backendMax, listenerMax } = this.rates;
    for (const { index } of configuration.proxies) {
      const served = live.words[live.proxy(index) + abi.LIVE_PX_BECONN] as number;
      if (served > (backendMax[index] ?? 0)) backendMax[index] = served;
    }
    for (const { index } of configuration.listeners) {
      const conns = live.words[live.listener(index) + abi.LIVE_LI_CONN] as number;
      if (conns > (listenerMax[index] ?? 0)) listenerMax[index] = conns;
    }
  }
}
