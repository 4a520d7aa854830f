/** One hundred thousand requests over two threads with clients that leave: no slot too many, none lost. */
import { expect, it } from 'vitest';
import { loadSlots } from '../tool/slot-load.ts';

it.each([0, 0.3])(
  '100,000 requests, %d of the clients leave in the middle',
  async (abortShare) => {
    const result = await loadSlots({ requests: 100_000, clients: 64, abortShare, threads: 2, maxconn: 5 });
    expect(result).toMatchObject({ scur: 0, queued: 0 });
    expect(result.smax).toBeLessThanOrEqual(5);
    if (abortShare === 0) expect(result.most).toBeLessThanOrEqual(5);
  },
  900_000,
);
