/** Server slots over threads: `maxconn` of a server is never exceeded, and no slot is lost when clients leave. */
import { describe, expect, it } from 'vitest';
import { loadSlots } from '../tool/slot-load.ts';

describe.each([1, 2])('server slots, nbthread %i', (threads) => {
  it('as many requests at a server as it may have, all are answered', async () => {
    const load = { requests: 2000, clients: 32, abortShare: 0, threads, maxconn: 4 };
    const result = await loadSlots(load);
    expect(result).toMatchObject({ scur: 0, queued: 0, smax: 4 });
    expect(result.most).toBeLessThanOrEqual(4);
    expect(result.answers).toBeGreaterThanOrEqual(2000);
  });

  it('clients that leave take nothing with them', async () => {
    const load = { requests: 2000, clients: 32, abortShare: 0.3, threads, maxconn: 4 };
    const result = await loadSlots(load);
    expect(result).toMatchObject({ scur: 0, queued: 0 });
    expect(result.smax).toBeLessThanOrEqual(4);
    expect(result.answers).toBeGreaterThan(500);
  });
});
