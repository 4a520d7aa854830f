/** Workers that wait. The standby is configured as the one that serves, and takes its place when that dies; the spare has booted and
 * warmed up, and makes the next reload cheap. Both are made when nothing has happened for a while, so that a storm of reloads pays
 * for neither.
 */
import { isAsSeen } from '../../config/seen.ts';
import type { Crew } from './crew.ts';
import { programStamp } from './program.ts';
import type { WorkerChild } from './worker-child.ts';

/** So long after the last reload or death they are made. */
export const REST_MS = 500;
/** After so many that died waiting no more are made until the next reload. */
const FAILURES_MAX = 5;

export interface ReserveFacts {
  /** What the serving worker read; -1 = there is nothing to prepare for. */
  sourcesFd(): number;
  readonly startMaxMs: number;
  onFailure(text: string): void;
}

export class Reserve {
  private readonly crew: Crew;
  private readonly facts: ReserveFacts;
  private standby: WorkerChild | undefined;
  private spare: WorkerChild | undefined;
  private timer: NodeJS.Timeout | undefined;
  private failures = 0;
  /** What the start of the serving worker depended on. */
  private known: WorkerChild['findings'];

  constructor(crew: Crew, facts: ReserveFacts) {
    this.crew = crew;
    this.facts = facts;
  }

  /** What serves now may have changed: a standby for something else is of no use. */
  renew(serving: WorkerChild): void {
    this.failures = 0;
    this.known = serving.findings;
    const { standby } = this;
    this.standby = undefined;
    standby?.signal('SIGKILL');
    this.rest();
  }

  /** After a while without news the ranks are filled. */
  rest(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.fill(), REST_MS);
  }

  /** No more are made; those that are there are the caller's to end. */
  close(): void {
    clearTimeout(this.timer);
    this.failures = FAILURES_MAX;
  }

  /** Whoever waits ends, and nobody takes the place until `rest`. */
  dismiss(): void {
    clearTimeout(this.timer);
    for (const worker of [this.standby, this.spare]) worker?.signal('SIGKILL');
    this.standby = undefined;
    this.spare = undefined;
  }

  /** A worker that can serve at once. */
  takeStandby(): WorkerChild | undefined {
    const { standby } = this;
    if (standby?.state !== 'ready' || standby.isLost) return undefined;
    this.standby = undefined;
    return standby;
  }

  /** A worker that is, or is about to be, what a start now would bring about: the program, the files it read and the names of its
   * sockets are unchanged. */
  takeCurrent(): WorkerChild | undefined {
    const { standby } = this;
    const findings = standby?.findings ?? this.known;
    if (standby === undefined || standby.isLost || findings === undefined) return undefined;
    if (standby.stamp !== programStamp() || !findings.every(isAsSeen)) return undefined;
    if (!this.crew.hasItsSockets(standby)) return undefined;
    this.standby = undefined;
    return standby;
  }

  /** A worker that has booted from the program that is on disk now. */
  takeSpare(): WorkerChild | undefined {
    clearTimeout(this.timer);
    const { spare } = this;
    this.spare = undefined;
    if (spare === undefined || spare.isLost) return undefined;
    if (spare.stamp === programStamp()) return spare;
    spare.signal('SIGKILL');
    return undefined;
  }

  /** How <worker> waits, or '' when it does not. */
  roleOf(worker: WorkerChild): 'standby' | 'spare' | '' {
    if (worker === this.standby) return 'standby';
    return worker === this.spare ? 'spare' : '';
  }

  /** A process is gone: true when it was one of ours. */
  ended(worker: WorkerChild): boolean {
    const role = this.roleOf(worker);
    if (role === '') return false;
    if (role === 'standby') this.standby = undefined;
    else this.spare = undefined;
    this.failures++;
    if (this.failures < FAILURES_MAX) this.rest();
    else if (this.failures === FAILURES_MAX)
      this.facts.onFailure(
        `${FAILURES_MAX} workers died while they waited: none waits until the next reload.`,
      );
    return true;
  }

  /** Another reload will follow the one under way: its worker boots meanwhile. */
  anticipate(): void {
    if (this.spare !== undefined || this.failures >= FAILURES_MAX) return;
    const spare = this.crew.spawn();
    if (typeof spare !== 'number') this.spare = spare;
  }

  private async fill(): Promise<void> {
    const sourcesFd = this.facts.sourcesFd();
    if (sourcesFd < 0 || this.failures >= FAILURES_MAX) return;
    if (this.standby === undefined) {
      const worker = this.takeSpare() ?? this.crew.spawn();
      if (typeof worker === 'number') return;
      this.standby = worker;
      this.crew.configure(worker, { isSilent: true, sourcesFd });
      const isReady = await worker.reaches('ready', this.facts.startMaxMs);
      if (!isReady && this.standby === worker) worker.signal('SIGKILL');
      if (this.standby !== worker) return;
    }
    const knownFd = this.facts.sourcesFd();
    if (knownFd < 0) return;
    this.anticipate();
    this.spare?.tell({ kind: 'warm-up' }, [knownFd]);
  }
}
