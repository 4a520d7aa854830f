/** PCRE patterns and what they match, what is refused, and that no pattern takes long. */
import { describe, expect, it } from 'vitest';
import { Regex, translateRegex } from './regex.ts';
import { regexCases } from './regex-cases.ts';

describe('regex', () => {
  it.each(regexCases)('%s', (pattern, yes, no) => {
    const regex = new Regex(pattern);
    for (const text of yes) expect([text, regex.test(text)]).toEqual([text, true]);
    for (const text of no) expect([text, regex.test(text)]).toEqual([text, false]);
  });

  it.each([
    ['a++', "possessive quantifiers ('++') are not supported"],
    ['(?>a)', "'(?>' is not supported"],
    ['a\\Kb', "'\\K' is not supported"],
    ['(?R)', "'(?R' is not supported"],
    ['(?x)a', "'(?x' is not supported"],
    ['\\p{L}', "'\\p' is not supported"],
    ['(*ACCEPT)', "verbs '(*' are not supported"],
    ['(a', "missing ')'"],
    ['a)', "unmatched closing ')'"],
    ['[a', "missing terminating ']'"],
    ['[b-a]', 'range out of order in character class'],
    ['[[:nope:]]', "unknown POSIX class name '[:nope:]'"],
    ['*a', 'a quantifier does not follow a repeatable item'],
    ['\\1(a)', 'a back reference must follow its group'],
    ['a\\', '\\ at end of pattern'],
  ])('refuses %s', (pattern, message) => {
    expect(() => new Regex(pattern)).toThrow(message);
  });

  it('answers in linear time where backtracking explodes', () => {
    const before = process.cpuUsage(); // not the time of day, in which others may have had the CPU
    expect(new Regex('^(a+)+$').test(`${'a'.repeat(32)}b`)).toBe(false);
    expect(new Regex('^(a|a)*$').test(`${'a'.repeat(32)}b\n`)).toBe(false);
    expect(process.cpuUsage(before).user / 1e3).toBeLessThan(2000);
  });

  it('ignores case without V8 flags', () => {
    expect(translateRegex('a[b-c]1', true).js).toBe('[aA][BCbc]1');
  });
});
