/** The end of the process. A soft stop lets go of the listeners, closes what is idle, waits for the rest and ends with 0; `grace` comes
 * before it, `hard-stop-after` bounds it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseTime } from '../base/time.ts';
import type { StreamDoor } from '../cli/command.ts';
import { backendRecord, counterSlice, frontendRecord } from '../model/counter-slices.ts';
import { COUNT_CONN_TOT, COUNT_STOT } from '../model/counters.ts';
import type { Proxy } from '../model/proxy.ts';
import * as abi from '../native/abi.ts';
import type { StatsSource } from '../stats/source.ts';
import type { ControlVoice } from './control-voice.ts';
import type { Parts } from './running.ts';

/** Threads that do not say within this whom they serve are not waited for. */
const ANSWER_MAX_MS = 500;
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

async function hasStreams(door: StreamDoor): Promise<boolean> {
  for (let thread = 0; thread < door.threads; thread++) {
    for (let from = 0; from >= 0; ) {
      const { streams, next } = await door.list(thread, from);
      if (streams.length > 0) return true;
      from = next;
    }
  }
  return false;
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
  private readonly streams: StreamDoor;
  private readonly evidence: () => Promise<string>;
  isStopping = false;
  private isEnding = false;

  constructor(
    parts: Parts,
    voice: ControlVoice,
    source: StatsSource,
    streams: StreamDoor,
    evidence: () => Promise<string>,
  ) {
    this.parts = parts;
    this.streams = streams;
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
    const { hardStopAfterMs, closeSpreadMs } = configuration.global;
    // Which responses close their connections is the engine's to know when not all of them do.
    const stopping = move || closeSpreadMs > 0 ? abi.STOPPING_RETIRE : abi.STOPPING_SOFT;
    Atomics.store(live.words, abi.LIVE_STOPPING, stopping);
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

  /** Keeps what is known of those who are still there. */
  private async keepEvidence(): Promise<void> {
    const { configuration, speaker, host } = this.parts;
    const folder = configuration.global.settings.get('hard-stop-folder')?.[0] ?? '';
    const kept = host.keepEvidence(await this.evidence(), folder);
    if (kept !== '') speaker.notice(kept);
  }

  /** Ends all streams, so that each has its log line; done when they are gone. A thread that is stuck does not answer. */
  private async shutStreams(): Promise<void> {
    await this.streams.shut({ all: true });
    while (await hasStreams(this.streams)) await delay(STOP_LOOK_MS);
  }

  /** Before the process dies of a signal: what is known of those who are still served is kept. */
  async lastWords(): Promise<void> {
    const isServing = await Promise.race([hasStreams(this.streams), delay(ANSWER_MAX_MS, true)]);
    if (isServing) await this.keepEvidence();
  }

  private async hard(): Promise<void> {
    const { configuration, live, speaker } = this.parts;
    const text = 'soft-stop running for too long, performing a hard-stop.';
    speaker.warning(text);
    this.voice.logGlobal(WARNING, text);
    await this.keepEvidence();
    for (const proxy of configuration.proxies) {
      const at = live.proxy(proxy.index);
      const left = Math.max(
        live.words[at + abi.LIVE_PX_FECONN] as number,
        live.words[at + abi.LIVE_PX_BECONN] as number,
      );
      if (left > 0)
        this.say(proxy, `Proxy ${proxy.name} hard-stopped (${left} remaining conns will be closed).`);
    }
    await Promise.race([this.shutStreams(), delay(ANSWER_MAX_MS)]);
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
