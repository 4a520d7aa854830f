/** When a spare reads what it will not use, and when it does not. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Sources } from '../../section/configuration.ts';
import { makeSources } from '../../section/sources.ts';
import { warmUp } from './warm-up.ts';

const options = { localPeer: 'here', maxconn: 0, proxyMaxconn: 0 };
const sources = makeSources([{ name: 'a.cfg', text: 'frontend fe\n  bind :80\n' }], options, {});

function warm(given: Sources = sources) {
  const read = vi.fn();
  return { read, end: warmUp(given, { read } as never) };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

it('waits until reloads have rested, then reads eight times in all threads', () => {
  const { read } = warm();
  vi.advanceTimersByTime(1400);
  expect(read).not.toHaveBeenCalled();
  vi.advanceTimersByTime(200);
  expect(read).toHaveBeenCalledExactlyOnceWith({ ...sources });
  vi.advanceTimersByTime(60_000);
  expect(read).toHaveBeenCalledTimes(8);
});

it('stops when there is work', () => {
  const { read, end } = warm();
  vi.advanceTimersByTime(2000);
  const before = read.mock.calls.length;
  expect(before).toBeGreaterThan(0);
  end();
  vi.advanceTimersByTime(60_000);
  expect(read).toHaveBeenCalledTimes(before);
});

it('reads the beginning and the end of a large file, from where a section begins', () => {
  const middle = '  acl a path /a\n'.repeat(10_000);
  const text = `frontend first\n${middle}backend last\n  server s 127.0.0.1:80\n`;
  const { read } = warm(makeSources([{ name: 'a.cfg', text }], options, {}));
  vi.advanceTimersByTime(2000);
  const [{ files }] = read.mock.calls[0] as [Sources];
  const sample = files[0]?.text ?? '';
  expect(sample.length).toBeLessThanOrEqual(32_768);
  expect(sample.startsWith('frontend first\n  acl a path /a\n')).toBe(true);
  expect(sample.endsWith('  acl a path /a\nbackend last\n  server s 127.0.0.1:80\n')).toBe(true);
});
