/** The master: a parent that keeps the sockets and serves nobody. It decides which worker serves: after a start, a reload, a death. What
 * it knows of the configuration is what workers tell it, so no configuration can harm it.
 */

import { constants } from 'node:os';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { CommandLine } from '../../config/command-line.ts';
import type { Addon } from '../../native/addon.ts';
import { StateStore } from '../../state/entries.ts';
import { OldProcesses } from '../old-processes.ts';
import { Speaker } from '../say.ts';
import { writeEvidence, writePidFile } from '../standalone.ts';
import { askForSockets } from '../take-over.ts';
import { Broker } from './broker.ts';
import type { Children } from './children.ts';
import { Chronicle, type SavedChronicle } from './chronicle.ts';
import { Crew, type SavedCrew } from './crew.ts';
import { endText } from './end-text.ts';
import { Notifier } from './notify.ts';
import { OneAtATime } from './one-at-a-time.ts';
import { Reserve } from './reserve.ts';
import type { WorkerChild } from './worker-child.ts';

/** A worker has so long from its order to readiness, unless SLUICE_START_TIMEOUT_MS says otherwise. */
export const START_MAX_MS = 60_000;
/** The old worker has so long to say the rest of its state before the new one serves. */
const REPORT_MAX_MS = 200;
/** Workers that were told to stop at once have so long. */
export const STOP_MAX_MS = 5000;

export interface ReloadResult {
  readonly isDone: boolean;
  /** What the new worker said at its start, and why it does not serve. */
  readonly log: string;
}

/** A master as the program after this one finds it. */
export interface SavedMaster extends SavedChronicle {
  readonly crew: SavedCrew;
  readonly broker: ReturnType<Broker['save']>;
  readonly state: readonly unknown[];
  readonly sourcesFd: number;
  readonly current: number;
  readonly startedMs: number;
  readonly reloads: number;
  readonly failedReloads: number;
  readonly lastOutcome: ReloadResult;
}

export interface MasterOptions {
  readonly addon: Addon;
  readonly children: Children;
  readonly line: CommandLine;
  /** The command line for workers. */
  readonly words: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  exit(code: number): void;
  /** A reload is done and no other one waits: time to look at the master itself. */
  onQuiet(): void;
}

export class Master {
  readonly speaker = new Speaker();
  readonly crew: Crew;
  readonly reserve: Reserve;
  readonly chronicle: Chronicle;
  startedMs = Date.now();
  current: WorkerChild | undefined;
  reloads = 0;
  /** Since the last good one. */
  failedReloads = 0;
  lastOutcome: ReloadResult = { isDone: true, log: '' };
  isStopping = false;
  private readonly options: MasterOptions;
  private readonly notifier: Notifier;
  /** What the serving worker said of its state, for the next one. */
  private readonly state = new StateStore();
  private readonly old: OldProcesses;
  private readonly broker: Broker;
  private readonly startMaxMs: number;
  private exitCode = 0;
  /** What the serving worker read, in a file in memory. */
  private sourcesFd = -1;
  private readonly reloading: OneAtATime<boolean, ReloadResult>;
  private isReplacing = false;
  private hasServed = false;

  constructor(options: MasterOptions) {
    const { addon, line, environment, words } = options;
    this.options = options;
    this.speaker.begin(line.isQuiet && !line.isVerbose);
    this.notifier = new Notifier(addon, line.isNotifying ? (environment.NOTIFY_SOCKET ?? '') : '');
    this.old = new OldProcesses(line.softStopPids, line.hardStopPids);
    this.startMaxMs = Number(environment.SLUICE_START_TIMEOUT_MS) || START_MAX_MS;
    this.broker = new Broker(addon, this.old);
    const masterSockets = line.masterSockets.join(';');
    this.crew = new Crew(addon, words, masterSockets, options.children, this.broker, {
      onLost: (worker) => this.lost(worker),
      onEnded: (worker) => this.ended(worker),
      onStale: (worker, lines) => this.chronicle.stale(worker, lines),
      onState: (worker, entries) => {
        if (worker === this.current) for (const entry of entries) this.state.take(entry);
      },
      onEvidence: (worker, folder, bytes) => this.speaker.warning(writeEvidence(folder, worker.pid, bytes)),
    });
    this.reloading = new OneAtATime(
      (isHard) => this.reloadNow(isHard),
      () => {
        this.reserve.rest();
        this.options.onQuiet();
      },
    );
    this.chronicle = new Chronicle(this.speaker, {
      workers: this.crew.workers,
      current: () => this.current,
      reloads: () => ({ reloads: this.reloads, failedReloads: this.failedReloads }),
    });
    this.reserve = new Reserve(this.crew, {
      sourcesFd: () => (this.wantsReserve() ? this.sourcesFd : -1),
      startMaxMs: this.startMaxMs,
      onFailure: (text) => this.speaker.alert(text),
    });
  }

  private wantsReserve(): boolean {
    const isQuietTime = !this.reloading.isBusy && !this.isStopping;
    return isQuietTime && this.current?.facts?.hasStandby === true;
  }

  /** The first worker: without it there is nothing to go on with. */
  async start(): Promise<void> {
    const { addon, line, environment } = this.options;
    const transferred = askForSockets(addon, line, environment, this.speaker);
    if (transferred === 'refused') return this.options.exit(1);
    this.broker.transferred = transferred;
    const worker = await this.bring();
    if (worker.state !== 'serving') {
      if (!this.isStopping) this.failToStart(worker);
      return;
    }
    this.instate(worker);
    this.writePidFile(worker);
    this.old.tell();
    this.speaker.notice('Loading success.');
    this.speaker.endOfStart();
    this.notifier.ready();
  }

  private failToStart(worker: WorkerChild): void {
    const { attribution, exitStatus, lastState, pid } = worker;
    // What is wrong with its configuration the worker has said itself; of whoever served there is an alert already.
    if (attribution?.isDeath === true && lastState !== 'serving')
      this.speaker.alert(
        `Worker (${pid}) exited with code ${endText(exitStatus)} at its start. ${attribution.sentence}`,
      );
    this.options.exit(Math.max(exitStatus, 1));
  }

  /** Brings up a worker of the files on disk. Who asks while one is on its way shares the one after it: that reads what is newest.
   * <isHard>: the old worker ends at once. */
  reload(isHard = false): Promise<ReloadResult> {
    if (this.reloading.isBusy && this.current?.facts?.hasStandby === true) this.reserve.anticipate();
    return this.reloading.ask(isHard);
  }

  /** Nothing is under way that another program could not go on with. */
  get isQuiet(): boolean {
    const isBusy = this.reloading.isBusy || this.isReplacing || this.isStopping;
    return !isBusy && this.current?.state === 'serving' && this.crew.isClear;
  }

  save(): SavedMaster {
    const { startedMs, reloads, failedReloads, lastOutcome, sourcesFd } = this;
    return {
      ...{ startedMs, reloads, failedReloads, lastOutcome, sourcesFd },
      crew: this.crew.save(),
      broker: this.broker.save(),
      ...this.chronicle.save(),
      state: [...this.state.all()],
      current: this.current?.pid ?? -1,
    };
  }

  restore(saved: SavedMaster): void {
    const { startedMs, reloads, failedReloads, lastOutcome, sourcesFd } = saved;
    Object.assign(this, { startedMs, reloads, failedReloads, lastOutcome, sourcesFd });
    this.broker.restore(saved.broker);
    this.chronicle.restore(saved);
    for (const entry of saved.state) this.state.take(entry);
    this.crew.restore(saved.crew);
    this.current = [...this.crew.workers].find((worker) => worker.pid === saved.current);
    this.hasServed = true;
    this.speaker.endOfStart();
    this.reserve.rest();
  }

  /** Ends all workers with <signal>, then this process. */
  stop(signal: 'SIGUSR1' | 'SIGTERM' | 'SIGINT'): void {
    if (!this.isStopping) {
      this.speaker.warning('Exiting Master process...');
      this.notifier.stopping('Stopping.');
    }
    this.isStopping = true;
    this.reserve.close();
    if (signal === 'SIGINT') this.exitCode = 128 + constants.signals.SIGINT;
    for (const worker of this.crew.workers) {
      // Who serves nobody has nothing to finish.
      const isIdle = worker.state === 'booting' || worker.state === 'ready';
      worker.signal(isIdle ? 'SIGKILL' : signal);
    }
    if (signal !== 'SIGUSR1') {
      setTimeout(() => {
        for (const worker of this.crew.workers) worker.signal('SIGKILL');
      }, STOP_MAX_MS).unref();
    }
    this.exitWhenAlone();
  }

  /** To all workers as it is. */
  forward(signal: NodeJS.Signals): void {
    for (const worker of this.crew.workers) worker.signal(signal);
  }

  private exitWhenAlone(): void {
    if (!this.isStopping || this.crew.workers.size > 0) return;
    this.speaker.warning(`All workers exited. Exiting... (${this.exitCode})`);
    this.options.exit(this.exitCode);
  }

  /** A new worker as far as it gets: `serving`, or else. <sourcesFd> < 0: of the files on disk. */
  private async bring(sourcesFd = -1): Promise<WorkerChild> {
    const waiting = sourcesFd < 0 ? this.reserve.takeCurrent() : undefined;
    const worker = waiting ?? this.reserve.takeSpare() ?? this.crew.spawn();
    if (typeof worker === 'number') throw new Error(`cannot start a worker (errno ${-worker})`);
    this.speaker.notice(`Initializing new worker (${worker.pid})`);
    if (waiting === undefined) this.crew.configure(worker, { isSilent: false, sourcesFd });
    const isReady = await worker.reaches('ready', this.startMaxMs);
    if (waiting !== undefined && !this.options.line.isQuiet) this.speaker.print(waiting.startupLog);
    if (isReady && !this.isStopping) {
      // What the one that goes did not say itself is of objects that its configuration has no more.
      if ((await this.current?.reports(REPORT_MAX_MS)) === true) this.state.settle();
      this.letIn(worker);
      await worker.reaches('serving', this.startMaxMs);
    }
    return worker;
  }

  /** <worker> lets clients in, and goes on with what is known of its predecessors. */
  private letIn(worker: WorkerChild): void {
    this.chronicle.brief(worker);
    this.crew.serve(worker, this.state.all());
  }

  /** <worker> serves, and is what a standby has to be like. */
  private instate(worker: WorkerChild): void {
    this.current = worker;
    // A spare was there before the reload that it serves.
    worker.reloads = 0;
    this.state.renew();
    this.chronicle.tell();
    this.hasServed = true;
    const fd = worker.takeSources();
    if (fd >= 0) {
      if (this.sourcesFd >= 0) this.options.addon.closeFd(this.sourcesFd);
      this.sourcesFd = fd;
    }
    this.reserve.renew(worker);
    // It may have said that it serves and that it dies in one breath: its end brings up somebody else.
    if (worker.isLost) this.current = undefined;
  }

  private async reloadNow(isHard: boolean): Promise<ReloadResult> {
    if (this.isStopping) return { isDone: false, log: 'The master is stopping.\n' };
    this.speaker.notice('Reloading HAProxy');
    this.notifier.reloading();
    this.reloads++;
    for (const worker of this.crew.workers) worker.reloads++;
    let worker: WorkerChild;
    try {
      worker = await this.bring();
    } catch (error) {
      return this.failed((error as Error).message, '');
    }
    if (worker.state !== 'serving' || worker.isLost) {
      const late = worker.isLost ? 'is dying' : `is not ready after ${this.startMaxMs} ms`;
      const why = worker.isAlive ? late : `exited with code ${endText(worker.exitStatus)}`;
      if (!worker.isLost) worker.signal('SIGKILL');
      const words = worker.attribution?.sentence ?? '';
      const text = `Failed to load worker (${worker.pid}) ${why}${words === '' ? '' : `: ${words}`}`;
      return this.failed(text, worker.startupLog);
    }
    this.succeed(worker, isHard);
    this.lastOutcome = { isDone: true, log: worker.startupLog };
    return this.lastOutcome;
  }

  private failed(why: string, log: string): ReloadResult {
    this.failedReloads++;
    this.chronicle.tell();
    for (const worker of this.crew.workers) worker.reloads = Math.max(worker.reloads - 1, 0);
    if (!this.isStopping) {
      this.speaker.warning(why);
      this.notifier.ready('Reload failed!');
    }
    this.lastOutcome = { isDone: false, log: `${log}${why}\n` };
    return this.lastOutcome;
  }

  /** <worker> serves: who did until now retires. */
  private succeed(worker: WorkerChild, isHard: boolean): void {
    this.failedReloads = 0;
    const previous = this.current;
    this.instate(worker);
    if (previous?.isAlive) this.crew.retire(previous, worker);
    if (isHard) previous?.signal('SIGTERM');
    const most = worker.facts?.maxReloads ?? -1;
    for (const one of this.crew.workers) {
      if (most >= 0 && one.state === 'retiring' && one.reloads > most) one.signal('SIGTERM');
    }
    this.writePidFile(worker);
    this.speaker.notice('Loading success.');
    this.notifier.ready();
  }

  private writePidFile(worker: WorkerChild): void {
    const { line } = this.options;
    const path = line.pidFile || worker.facts?.pidFile || '';
    const error = writePidFile(path === '' ? '' : resolve(path));
    if (error === '') return;
    this.speaker.alert(error);
    if (this.reloads === 0) this.stop('SIGTERM');
  }

  /** Whoever served is dead or as good as dead: the standby serves at once, else somebody is brought up with the same configuration. */
  private lost(worker: WorkerChild): void {
    const wasCurrent = worker === this.current;
    if (wasCurrent && !this.isStopping) this.current = undefined;
    this.chronicle.lost(worker);
    if (!wasCurrent || this.isStopping) return;
    const standby = this.reserve.takeStandby();
    // How it died decides how fast the next one starts: known when its process has ended.
    if (standby === undefined) return;
    this.current = standby;
    this.letIn(standby);
    this.reserve.rest();
    this.notifier.status(`Worker ${worker.pid} died, worker ${standby.pid} serves.`);
  }

  /** Starts a successor for the dead, again and again until one serves or a reload has brought one. */
  private async replace(): Promise<void> {
    if (this.isReplacing) return;
    this.isReplacing = true;
    while (this.current === undefined && !this.isStopping) {
      await delay(this.chronicle.deaths.backoffMs);
      if (this.current !== undefined || this.isStopping) break;
      const worker = await this.bring(this.sourcesFd).catch(() => undefined);
      const isServing = worker?.state === 'serving';
      if (worker !== undefined && isServing && !worker.isLost && this.current === undefined)
        this.instate(worker);
      else {
        // Who is dying already writes its core, and counts when it has ended.
        if (worker?.isLost !== true) worker?.signal('SIGKILL');
        if (!isServing) this.chronicle.deaths.add(Date.now(), 0);
      }
    }
    this.isReplacing = false;
  }

  private ended(worker: WorkerChild): void {
    this.chronicle.ended(worker, this.isStopping, this.reserve.ended(worker));
    if (this.isStopping) this.exitWhenAlone();
    else if (this.hasServed && this.current === undefined) void this.replace();
  }
}
