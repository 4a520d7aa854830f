/** `cpu-map` as HAProxy's manual explains it, its own examples among them. */
import { describe, expect, it } from 'vitest';
import { readCpuMap } from './cpu-map.ts';

/** What the first <count> threads get, one after the other; `-` = nothing said. */
function shown(set: string, processors: string, count = 4): string {
  const line = readCpuMap(set, processors.split(' '));
  if (typeof line === 'string') return line;
  const map = new Map(line.threads.map((thread, place) => [thread, line.processors(place).join(',')]));
  return Array.from({ length: count }, (_, thread) => map.get(thread) ?? '-').join(' ');
}

describe('without auto every thread of the set gets every processor', () => {
  it.each([
    ['1/all', '0-3', '0,1,2,3 0,1,2,3 0,1,2,3 0,1,2,3'],
    ['1', '0', '0 0 0 0'],
    ['1/2', '5,7', '- 5,7 - -'],
    ['1/odd', '1', '1 - 1 -'],
    ['all/even', '3-2', '- 2,3 - 2,3'],
    ['1/3-', '0', '- - 0 0'],
    ['2/1-4', '0', '- - - -'],
  ])('%s %s', (set, processors, expected) => {
    expect(shown(set, processors)).toBe(expected);
  });
});

describe('with auto each gets one', () => {
  it.each([
    ['auto:1/1-4', '0-3'],
    ['auto:1/1-4', '0-1 2-3'],
    ['auto:1/1-4', '3 2 1 0'],
    ['auto:1/1-4', '3,2,1,0'],
    ['auto:1/all', '0-63'],
  ])('%s %s', (set, processors) => {
    expect(shown(set, processors)).toBe('0 1 2 3');
  });

  it('threads with gaps', () => {
    expect(shown('auto:1/even', '0-31')).toBe('- 0 - 1');
  });
});

describe('refused', () => {
  it.each([
    ['auto:1/1-4', '0', 'must have the same size'],
    ['auto:1/1', '0-3', 'must have the same size'],
    ['0', '0', 'is not a valid number/range'],
    ['1/65', '0', 'is not a valid number/range'],
    ['1/x', '0', "'x' is not a valid number/range"],
    ['1/1/1', '0', 'is not a valid number/range'],
    ['1', 'x', "'x' is not a CPU range"],
    ['1', '1024', 'CPU numbers from 0 to 1023'],
  ])('%s %s', (set, processors, reason) => {
    expect(shown(set, processors)).toContain(reason);
  });
});
