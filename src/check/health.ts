/** Health of one server as its checks see it: a number between 0 (down) and rise + fall - 1 (up), which every answer moves. Pure:
 * no clock, no socket; the same rules as HAProxy's `rise` and `fall`.
 */

/** What one check said. `conditional`: passed, but take no new work (404 with disable-on-404). */
export type Verdict = 'passed' | 'conditional' | 'failed';

export interface Counts {
  readonly rise: number;
  readonly fall: number;
}

/** The first check decides at once: one failure brings a new server down, one success confirms it. */
export function firstHealth(counts: Counts): number {
  return counts.rise;
}

/** The highest health: up, with all its chances. */
export function fullHealth(counts: Counts): number {
  return counts.rise + counts.fall - 1;
}

/** True when <health>, 0 to fullHealth(), means that requests are sent there. */
export function isUp(health: number, counts: Counts): boolean {
  return health >= counts.rise;
}

/** Below `rise` a server is down and has to begin again; at `rise` it is up and has all its `fall` chances. */
export function nextHealth(health: number, verdict: Verdict, counts: Counts): number {
  if (verdict === 'failed') {
    const less = health - 1;
    return less < counts.rise ? 0 : less;
  }
  const more = health + 1;
  return more >= counts.rise ? fullHealth(counts) : more;
}

export interface Intervals {
  readonly interMs: number;
  readonly fastinterMs: number;
  readonly downinterMs: number;
}

/** The time to the next check: `inter` while all is well, `downinter` when it is down for sure, `fastinter` in between. */
export function intervalMs(health: number, isDown: boolean, counts: Counts, intervals: Intervals): number {
  if (health === fullHealth(counts)) return intervals.interMs;
  if (isDown && health === 0) return intervals.downinterMs || intervals.interMs;
  return intervals.fastinterMs || intervals.interMs;
}

/** How many of how many, as messages and the stats page show it: `2/3`. */
export function healthShown(health: number, counts: Counts): { at: number; of: number } {
  return isUp(health, counts)
    ? { at: health - counts.rise + 1, of: counts.fall }
    : { at: health, of: counts.rise };
}
