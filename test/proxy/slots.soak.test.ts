/** 100,000 requests of clients that come and go, over two threads: see slots.test.ts. */
import { expect, test } from 'vitest';
import { loadSlots } from './slots-load.ts';

const REQUESTS = 100_000;

test('no server ever serves more than maxconn, no slot is lost', async () => {
  const report = await loadSlots(REQUESTS);
  console.log(JSON.stringify(report));
  for (const [i, limit] of report.limits.entries()) expect(report.most[i]).toBeLessThanOrEqual(limit);
  expect(report.left).toEqual(report.limits.map(() => 0));
  expect(report.queued).toBe(0);
});
