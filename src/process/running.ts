/** The running process: what was started, and how it stops. Main thread only. A soft stop lets go of the listeners, waits for the
 * connections and ends with 0; a hard stop ends what is left.
 */
import { Checks } from '../check/checks.ts';
import { ServerStates } from '../check/server-state.ts';
import type { CommandLine } from '../config/command-line.ts';
import type { Configuration } from '../model/configuration.ts';
import type { Live } from '../model/live.ts';
import * as abi from '../native/abi.ts';
import type { Addon } from '../native/addon.ts';
import type { SharedMemory } from '../stream/plane.ts';
import { serverSockaddr } from './addresses.ts';
import { ControlVoice } from './control-voice.ts';
import type { DataThreads } from './data-threads.ts';
import type { Limits } from './limits.ts';
import type { Listeners } from './listeners.ts';
import type { MainEngine } from './main-engine.ts';
import { RuntimeApi } from './runtime-api.ts';
import type { Speaker } from './say.ts';

/** How often a stopping process looks whether it is alone. */
const STOP_LOOK_MS = 10;

export interface Parts {
  readonly addon: Addon;
  readonly configuration: Configuration;
  readonly options: CommandLine;
  readonly speaker: Speaker;
  readonly limits: Limits;
  /** As the configuration left it. */
  readonly environment: ReadonlyMap<string, string>;
  readonly shared: SharedMemory;
  readonly live: Live;
  readonly listeners: Listeners;
  readonly dataThreads: DataThreads;
  readonly mainEngine: MainEngine;
}

/** A timer that does not keep the process alive: the engine does. */
function afterMs(ms: number, run: () => void): void {
  setTimeout(run, ms).unref();
}

export class Running {
  readonly parts: Parts;
  readonly voice: ControlVoice;
  readonly states: ServerStates;
  private readonly checks: Checks;
  private readonly api: RuntimeApi;
  private isStopping = false;

  constructor(parts: Parts) {
    const { configuration, mainEngine, live } = parts;
    this.parts = parts;
    this.voice = new ControlVoice(configuration, mainEngine.engine, parts.speaker);
    this.states = new ServerStates(configuration.proxies, configuration.servers, live, this.voice);
    const clock = { after: afterMs, random: Math.random };
    this.checks = new Checks(configuration, mainEngine.engine, this.states, clock, serverSockaddr);
    this.api = new RuntimeApi(parts, this.states);
    mainEngine.onProbe((words, at) => this.checks.onProbe(words, at));
  }

  /** Opens what is not a proxy's: false when the start must be given up. */
  open(): boolean {
    return this.api.open();
  }

  /** Lets clients in. */
  async begin(): Promise<void> {
    const { mainEngine, dataThreads } = this.parts;
    if (mainEngine.isDataPlane) mainEngine.engine.listen(true);
    else await dataThreads.listen(true);
    this.checks.start();
    this.api.begin();
  }

  /** SIGUSR1. */
  softStop(): void {
    if (this.isStopping) return;
    this.isStopping = true;
    void this.stopSoftly();
  }

  private async stopSoftly(): Promise<void> {
    const { mainEngine, dataThreads, listeners, live, configuration } = this.parts;
    Atomics.store(live.words, abi.LIVE_STOPPING, 1);
    this.checks.stop();
    if (mainEngine.isDataPlane) {
      mainEngine.engine.listen(false);
      mainEngine.engine.stop();
    } else await dataThreads.stop();
    listeners.close();
    this.sayStopped();
    if (configuration.global.hardStopAfterMs > 0) this.armHardStop(configuration.global.hardStopAfterMs);
    this.awaitEmpty();
  }

  private awaitEmpty(): void {
    if (Atomics.load(this.parts.live.words, abi.LIVE_ACTCONN) > 0) {
      setTimeout(() => this.awaitEmpty(), STOP_LOOK_MS);
      return;
    }
    void this.end(0);
  }

  private armHardStop(afterMs: number): void {
    const timer = setTimeout(() => {
      this.parts.speaker.warning('soft-stop running for too long, performing a hard-stop.');
      void this.end(0);
    }, afterMs);
    timer.unref();
  }

  private sayStopped(): void {
    for (const proxy of this.parts.configuration.proxies) {
      this.parts.speaker.warning(`Proxy ${proxy.name} stopped (cumulated conns: FE: 0, BE: 0).`);
    }
  }

  /** Frees every engine (open streams are reset, log lines flushed), then exits. */
  async end(code: number): Promise<void> {
    const { dataThreads, mainEngine } = this.parts;
    await dataThreads.destroy();
    mainEngine.engine.destroy();
    await dataThreads.terminate();
    process.exit(code);
  }
}
