/** Whom deaths of workers are attributed to, for as long as deaths are counted (deaths.ts), and what follows from it: a proxy whose
 * bodies killed the encoder again and again goes on without, before anything slower is tried. Pure but for the time it is given.
 */
import type { Attribution } from './attribution.ts';
import { WINDOW_MS } from './deaths.ts';
import { ENCODERS_MAX, type LastCrash } from './messages.ts';

/** Deaths in the encoder of one proxy within the window: from this one on it is switched off. */
export const ENCODER_DEATHS_MAX = 2;
/** Deaths that are remembered. */
const REMEMBERED_MAX = 1000;
/** Proxies that a row of `show info` names. */
const SHOWN_MAX = 10;

interface Case {
  readonly atMs: number;
  readonly proxy: string;
  readonly isEncoder: boolean;
}

export interface SavedCulprits {
  readonly cases: readonly Case[];
  readonly due: readonly string[];
  readonly encoderTotal: number;
  readonly last: LastCrash | null;
}

export class Culprits {
  /** Oldest first. */
  private cases: Case[] = [];
  /** Encoders to be switched off by whoever serves next, by the names of their proxies. */
  private readonly due = new Set<string>();
  /** Deaths in the encoder. */
  encoderTotal = 0;
  last: LastCrash | null = null;

  /** One more death: how many there are now in the encoder of its proxy, 0 when that did not do it. */
  add(nowMs: number, { proxy, isEncoder }: Attribution): number {
    this.cases = this.lately(nowMs).slice(1 - REMEMBERED_MAX);
    this.cases.push({ atMs: nowMs, proxy, isEncoder });
    if (!isEncoder) return 0;
    this.encoderTotal++;
    const count = this.cases.filter((one) => one.isEncoder && one.proxy === proxy).length;
    if (count >= ENCODER_DEATHS_MAX && this.due.size < ENCODERS_MAX) this.due.add(proxy);
    return count;
  }

  /** `thing-two=3 other=1`, those that died most often first. */
  text(nowMs: number): string {
    const counts = new Map<string, number>();
    for (const { proxy } of this.lately(nowMs)) {
      if (proxy !== '') counts.set(proxy, (counts.get(proxy) ?? 0) + 1);
    }
    const sorted = [...counts].sort(([, a], [, b]) => b - a).slice(0, SHOWN_MAX);
    return sorted.map(([proxy, count]) => `${proxy}=${count}`).join(' ');
  }

  get encodersDue(): string[] {
    return [...this.due];
  }

  /** Somebody who serves has switched them off: from now on they are his state. */
  switchedOff(proxies: readonly string[]): void {
    for (const proxy of proxies) this.due.delete(proxy);
  }

  save(): SavedCulprits {
    const { cases, encodersDue, encoderTotal, last } = this;
    return { cases, due: encodersDue, encoderTotal, last };
  }

  restore({ cases, due, encoderTotal, last }: SavedCulprits): void {
    this.cases = [...cases];
    for (const proxy of due) this.due.add(proxy);
    this.encoderTotal = encoderTotal;
    this.last = last;
  }

  private lately(nowMs: number): Case[] {
    return this.cases.filter(({ atMs }) => atMs > nowMs - WINDOW_MS);
  }
}
