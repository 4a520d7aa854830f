/** Counting: what is added up, what is worst, and per million. */
import { expect, test } from 'vitest';
import { countAnswer, countFailure, failedOf, latencyOf, newTally, perMillion, sumOf } from './tally.ts';

test('a sum has the counts of all and the worst of each', () => {
  const a = newTally('a');
  const b = newTally('b');
  a.requests = 3;
  b.requests = 1;
  countAnswer(a, 10, 2);
  countAnswer(b, 250, 40);
  countFailure(a, 20, 'reused', 'FIN');
  countFailure(a, 21, 'refused', 'ECONNREFUSED');
  a.longestGapMs = 7;
  const sum = sumOf('all', [a, b]);
  expect(sum).toMatchObject({ requests: 4, answered: 2, slowestMs: 40, longestGapMs: 7 });
  expect(failedOf(sum)).toBe(2);
  expect(sum.steps.map((step) => [step.answered, step.failed])).toEqual([
    [1, 2],
    [0, 0],
    [1, 0],
  ]);
  expect(perMillion(failedOf(sum), sum.requests)).toBe(500_000);
});

test('a share of the answers came within a time, never later than the slowest', () => {
  const tally = newTally('a');
  for (let i = 1; i <= 1000; i++) countAnswer(tally, i, i / 100);
  expect(latencyOf(tally, 0.5)).toBeGreaterThan(5);
  expect(latencyOf(tally, 0.5)).toBeLessThan(6);
  expect(latencyOf(tally, 1)).toBe(10);
  expect(latencyOf(newTally('b'), 0.5)).toBe(0);
});

test('failures without end keep only the first examples', () => {
  const tally = newTally('a');
  for (let i = 0; i < 1000; i++) countFailure(tally, i, 'late', `${i}`);
  expect([tally.failures.late, tally.examples.length, tally.examples[0]?.detail]).toEqual([1000, 20, '0']);
});
