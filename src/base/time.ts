/** Durations as they are written in a configuration: an integer and a unit (us, ms, s, m, h, d). */

export type TimeUnit = 'us' | 'ms' | 's' | 'm' | 'h' | 'd';

const MICROSECONDS: Readonly<Record<TimeUnit, number>> = {
  us: 1,
  ms: 1_000,
  s: 1_000_000,
  m: 60_000_000,
  h: 3_600_000_000,
  d: 86_400_000_000,
};

/** The longest time a timer may be given: 2^31 - 1 ms, about 24.8 days. */
export const TIME_MAX_MS = 0x7fff_ffff;

export type TimeResult = { readonly ms: number } | { readonly error: 'syntax' | 'overflow' | 'underflow' };

/** Reads <text> whose bare numbers are in <unit>; the answer is in ms, rounded up so that 1us is not "no time". */
export function parseTime(text: string, unit: TimeUnit = 'ms'): TimeResult {
  const match = /^([0-9]+)(us|ms|s|m|h|d)?$/.exec(text);
  if (match === null) return { error: 'syntax' };
  const ms = Math.ceil((Number(match[1]) * MICROSECONDS[(match[2] as TimeUnit | undefined) ?? unit]) / 1000);
  return ms > TIME_MAX_MS ? { error: 'overflow' } : { ms };
}

/** The shortest exact way to write <ms>: 90000 is 90s, 3600000 is 1h. */
export function formatTime(ms: number): string {
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    const size = MICROSECONDS[unit] / 1000;
    if (ms !== 0 && ms % size === 0) return `${ms / size}${unit}`;
  }
  return `${ms}ms`;
}
