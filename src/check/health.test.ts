/** Health against a two-line model, whatever the answers. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  firstHealth,
  fullHealth,
  healthShown,
  intervalMs,
  isUp,
  nextHealth,
  type Verdict,
} from './health.ts';

const counts = fc.record({ rise: fc.integer({ min: 1, max: 9 }), fall: fc.integer({ min: 1, max: 9 }) });
const verdicts = fc.array(fc.constantFrom<Verdict>('passed', 'failed'), { maxLength: 60 });

describe('health', () => {
  it('says the state after any answers: down after `fall` failures in a row, up after `rise` successes', () => {
    fc.assert(
      fc.property(counts, verdicts, (rules, answers) => {
        let health = firstHealth(rules);
        // The model: a state and how many answers in a row speak against it.
        let up = true;
        let against = 0;
        let isFirst = true;
        for (const verdict of answers) {
          health = nextHealth(health, verdict, rules);
          const speaksAgainst = (verdict === 'failed') === up;
          against = speaksAgainst ? against + 1 : 0;
          // One failure decides about a server that nothing is known of.
          const needed = up ? (isFirst ? 1 : rules.fall) : rules.rise;
          if (against >= needed) {
            up = !up;
            against = 0;
          }
          isFirst = false;
          expect(isUp(health, rules)).toBe(up);
          expect(health).toBeGreaterThanOrEqual(0);
          expect(health).toBeLessThanOrEqual(fullHealth(rules));
        }
      }),
    );
  });

  it('is shown as so many of so many', () => {
    const rules = { rise: 2, fall: 3 };
    expect([0, 1, 2, 3, 4].map((health) => healthShown(health, rules))).toEqual([
      { at: 0, of: 2 },
      { at: 1, of: 2 },
      { at: 1, of: 3 },
      { at: 2, of: 3 },
      { at: 3, of: 3 },
    ]);
  });

  it('asks at `inter` when up, at `downinter` when down, at `fastinter` in between', () => {
    const rules = { rise: 2, fall: 3 };
    const times = { interMs: 2000, fastinterMs: 100, downinterMs: 5000 };
    expect(intervalMs(4, false, rules, times)).toBe(2000);
    expect(intervalMs(3, false, rules, times)).toBe(100);
    expect(intervalMs(0, true, rules, times)).toBe(5000);
    expect(intervalMs(1, true, rules, times)).toBe(100);
    const plain = { interMs: 2000, fastinterMs: 0, downinterMs: 0 };
    for (const health of [0, 1, 3, 4]) expect(intervalMs(health, health < 2, rules, plain)).toBe(2000);
  });
});
