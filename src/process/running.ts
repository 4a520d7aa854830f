/** The running process: its engines, checks, runtime API, and the way it stops. Main thread only.
 */
import { Checks } from '../check/checks.ts';
import { ServerStates } from '../check/server-state.ts';
import type { Level } from '../cli/command.ts';
import { switchEncoder } from '../compression/encoder-switch.ts';
import type { CommandLine } from '../config/command-line.ts';
import type { Configuration } from '../model/configuration.ts';
import type { Live } from '../model/live.ts';
import type { StreamFacts } from '../model/stream-facts.ts';
import type { Addon } from '../native/addon.ts';
import { RECORD_NAME_LEN } from '../native/record-layout.ts';
import type { StateEntry } from '../state/entries.ts';
import { applyState } from '../state/state.ts';
import { StateWatch } from '../state/watch.ts';
import type { ProcessHistory } from '../stats/source.ts';
import type { SharedMemory } from '../stream/plane.ts';
import { serverSockaddr } from './addresses.ts';
import { Arrivals } from './arrivals.ts';
import { watchCompression } from './compression-watch.ts';
import { ControlVoice } from './control-voice.ts';
import type { DataThreads } from './data-threads.ts';
import { dumpMemory, dumpStates } from './dump.ts';
import { publishEngineCounts } from './engine-counts.ts';
import { gatherEvidence } from './evidence.ts';
import type { Host } from './host.ts';
import type { Limits } from './limits.ts';
import type { Listeners } from './listeners.ts';
import type { MainEngine } from './main-engine.ts';
import { Pause } from './pause.ts';
import { RuntimeApi } from './runtime-api.ts';
import { stateDoor, streamDoor } from './runtime-control.ts';
import type { Speaker } from './say.ts';
import type { Opener } from './sockets.ts';
import { loadServerStates } from './state-files.ts';
import { Stop } from './stop.ts';
import type { Successor } from './successor.ts';

export interface Parts {
  readonly addon: Addon;
  readonly configuration: Configuration;
  readonly options: CommandLine;
  readonly speaker: Speaker;
  readonly limits: Limits;
  /** As the configuration left it. */
  readonly environment: ReadonlyMap<string, string>;
  readonly engineCounts: SharedArrayBuffer;
  readonly shared: SharedMemory;
  readonly live: Live;
  readonly listeners: Listeners;
  readonly successor: Successor;
  readonly dataThreads: DataThreads;
  readonly mainEngine: MainEngine;
  readonly host: Host;
}

/** syslog level of what must be looked at. */
const ALERT = 1;
/** Streams that are listed for somebody who counts them. */
const STREAMS_MAX = 100_000;

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
  private readonly stop: Stop;
  private readonly arrivals: Arrivals;
  private readonly watch: StateWatch;
  private readonly pauses: Pause;

  constructor(parts: Parts) {
    const { configuration, mainEngine, live } = parts;
    this.parts = parts;
    this.voice = new ControlVoice(configuration, mainEngine.engine, parts.speaker);
    this.states = new ServerStates(configuration.proxies, configuration.servers, live, this.voice);
    const clock = { after: afterMs, random: Math.random };
    this.checks = new Checks(configuration, mainEngine.engine, this.states, clock, serverSockaddr);
    this.pauses = new Pause(parts, this.voice);
    this.api = new RuntimeApi(parts, this.states, this.voice, this.pauses);
    this.arrivals = new Arrivals(parts.addon);
    this.stop = new Stop(parts, this.voice, this.api.source, streamDoor(parts), () => this.evidence());
    this.watch = new StateWatch(this.api.source);
    mainEngine.onProbe((words, at) => this.checks.onProbe(words, at));
  }

  /** Opens all sockets: false when one could not be opened (each was named by an alert). */
  async open(opener: Opener): Promise<boolean> {
    const { listeners, speaker, limits, shared } = this.parts;
    loadServerStates(this.api.source, speaker);
    await opener.prepare([...listeners.wanted(limits.maxconn), ...this.api.wanted()]);
    const hasProxies = listeners.open(opener, speaker, limits.maxconn, shared.threads);
    return this.api.open(opener) && hasProxies;
  }

  /** For `show info`: whoever knows the other processes writes it. */
  get history(): ProcessHistory {
    return this.api.source.history;
  }

  /** What the runtime API and the checks have changed, as another worker told it; before clients are let in. */
  applyState(entries: Iterable<unknown>): number {
    return applyState(this.api.source, stateDoor(this.parts), entries);
  }

  /** Workers have died in the encoder of <proxies> (names as the recorder has them): it is off until somebody says otherwise. */
  switchEncodersOff(proxies: ReadonlySet<string>): void {
    const { configuration, live } = this.parts;
    const { changed } = this.api.source;
    for (const proxy of configuration.proxies) {
      if (!proxies.has(proxy.name.slice(0, RECORD_NAME_LEN - 1))) continue;
      switchEncoder(live, proxy, 'off');
      changed.encoders.set(proxy.index, { encoder: 'off', by: 'crashes' });
    }
  }

  /** To the log targets of the process. */
  logAlarm(text: string): void {
    this.voice.logGlobal(ALERT, text);
  }

  /** What has changed since the last call, for whoever outlives this process; <budgetMs>: how long it may look. */
  changedState(budgetMs: number): StateEntry[] {
    return this.watch.look(budgetMs);
  }

  /** The same to its end: before this process goes. */
  lastState(): StateEntry[] {
    return this.watch.finish();
  }

  /** Lets clients in. */
  async begin(): Promise<void> {
    const { mainEngine, dataThreads } = this.parts;
    if (this.stop.isStopping) return;
    this.parts.listeners.wake();
    this.pauses.begin();
    if (mainEngine.isDataPlane) mainEngine.engine.listen(true);
    else await dataThreads.listen(true);
    this.checks.start();
    this.api.begin();
    watchCompression(this.parts.configuration.global, this.parts.live, this.parts.shared.threads);
    const { addon, engineCounts } = this.parts;
    publishEngineCounts(addon, engineCounts, mainEngine.engine.thread);
  }

  /** SIGUSR1. */
  softStop(): void {
    const { successor } = this.parts;
    if (successor.fd >= 0 && !this.stop.isStopping) this.retire(successor.fd, successor.socketIds);
    else this.stop.soft(() => this.checks.stop());
  }

  /** A signal ends the process at once: whoever is served is not forgotten. */
  lastWords(): Promise<void> {
    return this.stop.lastWords();
  }

  /** A successor serves, with the sockets of <kept>: their idle clients move to it through <handoverFd>. */
  retire(handoverFd: number, kept: ReadonlySet<number>): void {
    const { listeners } = this.parts;
    this.api.close();
    this.arrivals.close();
    const moving = listeners.socketIds.flatMap((id, index) => (kept.has(id) ? [index] : []));
    this.stop.retire(() => this.checks.stop(), handoverFd, Uint32Array.from(moving));
  }

  /** Takes the clients that predecessors send to the other ends of <fds>, which belong to this process now. */
  receive(fds: readonly number[]): void {
    for (const fd of fds) this.arrivals.watch(fd);
  }

  /** All streams under way. */
  async streams(): Promise<StreamFacts[]> {
    const door = streamDoor(this.parts);
    const found: StreamFacts[] = [];
    for (let thread = 0; thread < door.threads; thread++) {
      for (let from = 0; from >= 0 && found.length < STREAMS_MAX; ) {
        const { streams, next } = await door.list(thread, from);
        found.push(...streams);
        from = next;
      }
    }
    return found;
  }

  private evidence(): Promise<string> {
    return gatherEvidence(this.parts.addon, (fd) => this.api.adopt(fd, 'admin'));
  }

  /** A connected client of the runtime API, from somewhere else than its sockets. */
  adoptClient(fd: number, level: Level): void {
    this.api.adopt(fd, level);
  }

  /** SIGTTOU. */
  pause(): void {
    if (!this.stop.isStopping) this.pauses.pause(() => this.softStop());
  }

  /** SIGTTIN. */
  resume(): void {
    if (!this.stop.isStopping) this.pauses.resume();
  }

  /** SIGHUP. */
  dumpStates(): void {
    dumpStates(this.api.source, this.voice);
  }

  /** SIGQUIT. */
  dumpMemory(): void {
    dumpMemory(this.api.source, this.parts.speaker);
  }
}
