/** Slips and what was meant; arguments in parentheses. */
import { describe, expect, it } from 'vitest';
import { readArguments } from './arguments.ts';
import { isKnownElsewhere, isNameElsewhere } from './known-elsewhere.ts';
import { nearest } from './nearest.ts';

describe('the word that was meant', () => {
  const known = ['timeout', 'option', 'bind', 'server', 'default_backend', 'roundrobin'];
  it.each([
    ['timeuot', 'timeout'],
    ['opton', 'option'],
    ['defualt_backend', 'default_backend'],
    ['round-robin', 'roundrobin'],
    ['Bind', 'bind'],
    ['zzzzzz', undefined],
    ['x'.repeat(10_000), undefined],
    ['', undefined],
  ])('%s', (word, meant) => expect(nearest(word, known)).toBe(meant));
});

describe('arguments', () => {
  it.each([
    ['()', []],
    ['(a)', ['a']],
    ['(a,b,)', ['a', 'b', '']],
    ['("a,b",c)', ['a,b', 'c']],
    ["('a)b')", ['a)b']],
    ['(a\\ b, c)', ['a b', ' c']],
    ['(\\,\\n)', ['\\', '\n']],
    ["('\\n')", ['\\n']],
  ])('%s', (text, args) => expect(readArguments(text, 0)).toEqual({ args, end: text.length }));
  it('end with a parenthesis', () => {
    expect(readArguments('(a,b', 0)).toEqual({ error: 'parenthesis', at: 4 });
    expect(readArguments('(a,"b)', 0)).toEqual({ error: 'quote', at: 3 });
  });
});

describe('names that HAProxy knows', () => {
  it('count prefixes that end with a number or an argument', () => {
    expect(isNameElsewhere('http-request', 'track-sc0')).toBe(true);
    expect(isNameElsewhere('http-request', 'sc-set-gpt0(0)')).toBe(true);
    expect(isNameElsewhere('http-request', 'frobnicate')).toBe(false);
    expect(isNameElsewhere('no such class', 'x')).toBe(false);
  });
  it('are looked up by the second word in families', () => {
    expect(isKnownElsewhere('frontend', 'option', 'contstats')).toBe(true);
    expect(isKnownElsewhere('frontend', 'option', 'contstat')).toBe(false);
    expect(isKnownElsewhere('frontend', 'stick-table', 'type')).toBe(true);
    expect(isKnownElsewhere('global', 'ssl-engine', 'x')).toBe(true);
  });
});
