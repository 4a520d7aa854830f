/** Requests for the same work share rounds, and no round overlaps with another. */
import { expect, it } from 'vitest';
import { OneAtATime } from './one-at-a-time.ts';

it('whoever asks while a round is under way shares the next one', async () => {
  const ends: (() => void)[] = [];
  let rounds = 0;
  let rests = 0;
  const work = new OneAtATime(
    () => new Promise<number>((resolve) => ends.push(() => resolve(++rounds))),
    () => rests++,
  );
  const first = work.ask('a');
  const shared = [work.ask('b'), work.ask('c')];
  expect(ends).toHaveLength(1);
  ends.shift()?.();
  expect(await first).toBe(1);
  expect(rests).toBe(0);
  expect(work.isBusy).toBe(true);
  ends.shift()?.();
  expect(await Promise.all(shared)).toEqual([2, 2]);
  expect(rests).toBe(1);
  expect(work.isBusy).toBe(false);
});

it('a round that fails is over, too', async () => {
  let rounds = 0;
  const work = new OneAtATime(
    () => (++rounds === 1 ? Promise.reject(new Error('no')) : Promise.resolve(rounds)),
    () => {},
  );
  const [first, second] = [work.ask('a'), work.ask('b')];
  await expect(first).rejects.toThrow('no');
  expect(await second).toBe(2);
  expect(await work.ask('c')).toBe(3);
});
