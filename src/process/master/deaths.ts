/** Deaths of workers that served: how many there were lately, and how long the next one may have to wait for a successor. Pure but for
 * the time it is given.
 */

/** Deaths are counted over so long. */
export const WINDOW_MS = 15 * 60 * 1000;
/** Deaths that are remembered. */
const REMEMBERED_MAX = 1000;
/** A worker that lived for so long did not die of its start. */
export const YOUNG_MS = 10_000;
const BACKOFF_MS = 100;
export const BACKOFF_MAX_MS = 10_000;

/** 1st, 2nd, 3rd, 4th… */
export function ordinal(count: number): string {
  const tens = count % 100;
  const ending = tens > 10 && tens < 14 ? 'th' : (['th', 'st', 'nd', 'rd'][count % 10] ?? 'th');
  return `${count}${ending}`;
}

export class Deaths {
  /** When they happened, oldest first. */
  private readonly times: number[] = [];
  private young = 0;
  total = 0;

  /** One more: which one it is within the window. */
  add(nowMs: number, livedMs: number): number {
    this.total++;
    this.young = livedMs < YOUNG_MS ? this.young + 1 : 0;
    this.times.push(nowMs);
    while (this.times.length > REMEMBERED_MAX || (this.times[0] as number) <= nowMs - WINDOW_MS)
      this.times.shift();
    return this.times.length;
  }

  save(): { readonly times: readonly number[]; readonly total: number } {
    return { times: [...this.times], total: this.total };
  }

  restore({ times, total }: ReturnType<Deaths['save']>): void {
    this.times.push(...times);
    this.total = total;
  }

  /** How many there were within the window. */
  lately(nowMs: number): number {
    return this.times.filter((at) => at > nowMs - WINDOW_MS).length;
  }

  /** When the first one within the window was; 0 = there is none. */
  oldestMs(nowMs: number): number {
    return this.times.find((at) => at > nowMs - WINDOW_MS) ?? 0;
  }

  /** How long to wait before the next start: nothing after a first death, more and more when they die young. */
  get backoffMs(): number {
    return this.young <= 1 ? 0 : Math.min(BACKOFF_MS * 2 ** (this.young - 2), BACKOFF_MAX_MS);
  }
}
