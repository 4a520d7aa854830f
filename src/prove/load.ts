/**
 * A load: clients of several kinds that ask until they are stopped or have asked enough, within one thread and one
 * event loop. Owns its connections; its tallies are read while it runs.
 */
import { type ClientKind, type LoadClock, LoadConnection } from './load-connection.ts';
import { newTally, type Tally } from './tally.ts';

export interface LoadPlan {
  readonly kinds: readonly ClientKind[];
  /** Ends by itself after so many requests; 0 = only when stopped. */
  readonly requestsMax: number;
  /** A request may take so long. */
  readonly answerWithinMs: number;
}

/** Open connections of one load. */
export const CONNECTIONS_MAX = 20_000;
const LOOK_EVERY_MS = 100;
/** After a stop the answers under way are awaited so long. */
const STOP_WITHIN_MS = 5_000;

export class Load implements LoadClock {
  readonly tallies: readonly Tally[];
  readonly ended: Promise<void>;
  private readonly plan: LoadPlan;
  private readonly live = new Set<LoadConnection>();
  private readonly beganMs = performance.now();
  private readonly servedMs: number[];
  private asked = 0;
  private isStopping = false;
  private readonly timer: NodeJS.Timeout;
  private resolveEnded: () => void = () => {};

  constructor(plan: LoadPlan) {
    this.plan = plan;
    this.tallies = plan.kinds.map((kind) => newTally(kind.name));
    this.servedMs = plan.kinds.map(() => 0);
    this.ended = new Promise((resolve) => {
      this.resolveEnded = resolve;
    });
    const count = plan.kinds.reduce((sum, kind) => sum + kind.connections, 0);
    if (count > CONNECTIONS_MAX) throw new Error(`a load has at most ${CONNECTIONS_MAX} connections`);
    for (const [index, kind] of plan.kinds.entries()) {
      for (let i = 0; i < kind.connections; i++) {
        this.live.add(new LoadConnection(kind, index, this.tallies[index] as Tally, this, i));
      }
    }
    this.timer = setInterval(() => this.look(), LOOK_EVERY_MS);
    for (const connection of [...this.live]) connection.next();
  }

  nowMs(): number {
    return performance.now() - this.beganMs;
  }

  mayAsk(count: number): boolean {
    const { requestsMax } = this.plan;
    if (this.isStopping || (requestsMax > 0 && this.asked >= requestsMax)) return false;
    this.asked += count;
    return true;
  }

  served(kind: number, atMs: number): void {
    this.endGap(kind, atMs);
    this.servedMs[kind] = atMs;
  }

  over(connection: LoadConnection): void {
    this.live.delete(connection);
    if (this.live.size > 0) return;
    // An outage that lasts to the end is a gap too.
    for (let kind = 0; kind < this.servedMs.length; kind++) this.endGap(kind, this.nowMs());
    clearInterval(this.timer);
    this.resolveEnded();
  }

  /** Lets what is under way be answered, then ends. */
  stop(): Promise<void> {
    if (!this.isStopping) {
      this.isStopping = true;
      const limit = setTimeout(() => this.giveUp(Number.POSITIVE_INFINITY), STOP_WITHIN_MS);
      void this.ended.then(() => clearTimeout(limit));
      for (const connection of [...this.live]) connection.stop();
    }
    return this.ended;
  }

  private endGap(kind: number, atMs: number): void {
    const tally = this.tallies[kind] as Tally;
    const gapMs = atMs - (this.servedMs[kind] as number);
    if (gapMs > tally.longestGapMs) tally.longestGapMs = gapMs;
  }

  private look(): void {
    this.giveUp(this.nowMs() - this.plan.answerWithinMs);
  }

  private giveUp(beforeMs: number): void {
    for (const connection of [...this.live]) connection.giveUpBefore(beforeMs);
  }
}
