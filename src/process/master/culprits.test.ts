/** Deaths by proxy, and when a proxy loses its encoder. */
import { describe, expect, it } from 'vitest';
import type { Attribution } from './attribution.ts';
import { Culprits, ENCODER_DEATHS_MAX } from './culprits.ts';
import { WINDOW_MS } from './deaths.ts';

function death(proxy: string, isEncoder = true): Attribution {
  return { sentence: 'SIGSEGV', signal: 'SIGSEGV', proxy, isEncoder, report: '', isDeath: true };
}

describe('a proxy in whose encoder workers die', () => {
  it('loses it with the second death within the window', () => {
    const culprits = new Culprits();
    expect(culprits.add(0, death('be'))).toBe(1);
    expect(culprits.add(1, death('other'))).toBe(1);
    expect(culprits.encodersDue).toEqual([]);
    expect(culprits.add(2, death('be'))).toBe(ENCODER_DEATHS_MAX);
    expect(culprits.encodersDue).toEqual(['be']);
    expect(culprits.encoderTotal).toBe(3);
  });
  it('keeps it when they are far apart, or died of something else', () => {
    const culprits = new Culprits();
    culprits.add(0, death('be'));
    culprits.add(WINDOW_MS, death('be'));
    culprits.add(WINDOW_MS + 1, death('be', false));
    expect(culprits.encodersDue).toEqual([]);
  });
  it('is no more due when somebody has switched it off, until it happens again', () => {
    const culprits = new Culprits();
    culprits.add(0, death('be'));
    culprits.add(0, death('be'));
    culprits.switchedOff(['be']);
    expect(culprits.encodersDue).toEqual([]);
    culprits.add(1, death('be', false));
    expect(culprits.encodersDue).toEqual([]);
    culprits.add(2, death('be'));
    expect(culprits.encodersDue).toEqual(['be']);
  });
});

it('proxies are named by how often workers died of them, for as long as that counts', () => {
  const culprits = new Culprits();
  for (const proxy of ['one', 'two', 'two', '']) culprits.add(0, death(proxy, false));
  expect(culprits.text(1)).toBe('two=2 one=1');
  expect(culprits.text(WINDOW_MS)).toBe('');
});

it('the program that follows goes on with the same', () => {
  const culprits = new Culprits();
  culprits.add(0, death('be'));
  culprits.add(0, death('be'));
  const next = new Culprits();
  next.restore(JSON.parse(JSON.stringify(culprits.save())));
  expect(next.encodersDue).toEqual(['be']);
  expect(next.text(1)).toBe('be=2');
  expect(next.add(1, death('be'))).toBe(3);
});
