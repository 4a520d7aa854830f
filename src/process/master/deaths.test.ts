/** Deaths are counted within a window, and young ones slow the next start down. */
import { describe, expect, it } from 'vitest';
import { BACKOFF_MAX_MS, Deaths, ordinal, WINDOW_MS, YOUNG_MS } from './deaths.ts';

describe('deaths', () => {
  it('are forgotten after the window', () => {
    const deaths = new Deaths();
    expect(deaths.add(0, YOUNG_MS)).toBe(1);
    expect(deaths.add(1000, YOUNG_MS)).toBe(2);
    expect(deaths.add(WINDOW_MS, YOUNG_MS)).toBe(2);
    expect(deaths.lately(WINDOW_MS + 1000)).toBe(1);
    expect(deaths.total).toBe(3);
  });
  it('of the young make the next wait longer, up to a bound; an old one ends that', () => {
    const deaths = new Deaths();
    const waits = Array.from({ length: 12 }, () => {
      deaths.add(0, 0);
      return deaths.backoffMs;
    });
    expect(waits.slice(0, 5)).toEqual([0, 100, 200, 400, 800]);
    expect(waits[11]).toBe(BACKOFF_MAX_MS);
    deaths.add(0, YOUNG_MS);
    expect(deaths.backoffMs).toBe(0);
  });
  it('are numbered in English', () =>
    expect([1, 2, 3, 4, 11, 12, 13, 21, 112].map(ordinal).join(' ')).toBe(
      '1st 2nd 3rd 4th 11th 12th 13th 21st 112th',
    ));
});
