/** The end of the process. A soft stop lets go of the listeners, closes what is idle, waits for the rest and ends with 0; `grace` comes
 * before it, `hard-stop-after` bounds it.
 */
import { parseTime } from '../base/time.ts';
import { backendRecord, counterSlice, frontendRecord } from '../model/counter-slices.ts';
import { COUNT_CONN_TOT, COUNT_STOT } from '../model/counters.ts';
import type { Proxy } from '../model/proxy.ts';
import * as abi from '../native/abi.ts';
import type { StatsSource } from '../stats/source.ts';
import type { ControlVoice } from './control-voice.ts';
import type { Parts } from './running.ts';

/** How often a stopping process looks whether it is alone. */
const STOP_LOOK_MS = 10;
/** Engines that do not let go within this are left to the kernel. */
export const DESTROY_MAX_MS = 2000;
/** syslog level of what a stop says. */
const WARNING = 4;

/** Where client connections go, and those of which listeners. */
interface Move {
  readonly handoverFd: number;
  readonly listeners: Uint32Array;
}

function sum({ counters, layout }: StatsSource, at: number): number {
  let value = 0;
  for (let thread = 0; thread < layout.threads; thread++) {
    value += counterSlice(counters, layout, thread)[at] as number;
  }
  return value;
}

/** What is said of a proxy that serves nobody any more. */
export function stoppedText(source: StatsSource, { name, index }: Proxy): string {
  const frontend = sum(source, frontendRecord(index) + COUNT_CONN_TOT);
  const backend = sum(source, backendRecord(index) + COUNT_STOT);
  return `Proxy ${name} stopped (cumulated conns: FE: ${frontend}, BE: ${backend}).`;
}

export class Stop {
  private readonly parts: Parts;
  private readonly voice: ControlVoice;
  private readonly source: StatsSource;
  private readonly evidence: () => Promise<string>;
  isStopping = false;
  private isEnding = false;

  constructor(parts: Parts, voice: ControlVoice, source: StatsSource, evidence: () => Promise<string>) {
    this.parts = parts;
    this.evidence = evidence;
    this.voice = voice;
    this.source = source;
  }

  /** SIGUSR1. <before> is done when it really begins. */
  soft(before: () => void): void {
    if (this.isStopping) return;
    this.isStopping = true;
    const grace = parseTime(this.parts.configuration.global.settings.get('grace')?.[0] ?? '0');
    const graceMs = 'ms' in grace ? grace.ms : 0;
    const begin = () => {
      before();
      void this.begin();
    };
    if (graceMs > 0) setTimeout(begin, graceMs);
    else begin();
  }

  /** A successor serves: clients of <listeners> (indexes) move to it through <handoverFd> (-1: none does), the others end with their
   * next response. Without `grace`: nobody comes any more. */
  retire(before: () => void, handoverFd: number, listeners: Uint32Array): void {
    if (this.isStopping) return;
    this.isStopping = true;
    before();
    void this.begin({ handoverFd, listeners });
  }

  private async begin(move?: Move): Promise<void> {
    const { listeners, live, configuration } = this.parts;
    Atomics.store(live.words, abi.LIVE_STOPPING, move ? abi.STOPPING_RETIRE : abi.STOPPING_SOFT);
    const { hardStopAfterMs } = configuration.global;
    if (hardStopAfterMs > 0) setTimeout(() => void this.hard(), hardStopAfterMs);
    await this.letGo(move);
    listeners.close();
    const { proxies } = configuration;
    for (const proxy of [...proxies.filter(isListening), ...proxies.filter((one) => !isListening(one))]) {
      if (!proxy.disabled) this.sayStopped(proxy);
    }
    this.awaitEmpty();
  }

  /** No thread polls the listeners when this resolves. */
  private async letGo(move: Move | undefined): Promise<void> {
    const { mainEngine, dataThreads } = this.parts;
    const { engine, isDataPlane } = mainEngine;
    if (move !== undefined) {
      if (isDataPlane) engine.retire(move.handoverFd, move.listeners);
      else await dataThreads.retire(move.handoverFd, move.listeners);
    } else if (isDataPlane) {
      engine.listen(false);
      engine.stop();
    } else {
      await dataThreads.stop();
    }
  }

  private awaitEmpty(): void {
    if (Atomics.load(this.parts.live.words, abi.LIVE_ACTCONN) > 0)
      setTimeout(() => this.awaitEmpty(), STOP_LOOK_MS);
    else void this.end(0);
  }

  private async hard(): Promise<void> {
    const { configuration, live, speaker, host } = this.parts;
    speaker.warning('soft-stop running for too long, performing a hard-stop.');
    const folder = configuration.global.settings.get('hard-stop-folder')?.[0] ?? '';
    const kept = host.keepEvidence(await this.evidence(), folder);
    if (kept !== '') speaker.notice(kept);
    for (const proxy of configuration.proxies) {
      const at = live.proxy(proxy.index);
      const left = Math.max(
        live.words[at + abi.LIVE_PX_FECONN] as number,
        live.words[at + abi.LIVE_PX_BECONN] as number,
      );
      if (left > 0)
        this.say(proxy, `Proxy ${proxy.name} hard-stopped (${left} remaining conns will be closed).`);
    }
    void this.end(0);
  }

  private sayStopped(proxy: Proxy): void {
    this.say(proxy, stoppedText(this.source, proxy));
  }

  private say(proxy: Proxy, text: string): void {
    this.voice.warn(text);
    this.voice.log(proxy, WARNING, text);
  }

  /** Frees every engine (open streams are reset, log lines flushed), then exits. */
  async end(code: number): Promise<void> {
    if (this.isEnding) return;
    this.isEnding = true;
    setTimeout(() => process.exit(code), DESTROY_MAX_MS);
    const { dataThreads, mainEngine } = this.parts;
    await dataThreads.destroy();
    mainEngine.engine.destroy();
    await dataThreads.terminate();
    process.exit(code);
  }
}

function isListening(proxy: Proxy): boolean {
  return proxy.listeners.length > 0;
}
