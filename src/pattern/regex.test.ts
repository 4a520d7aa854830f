/** PCRE patterns and what they match here; every line was asked of PCRE2 10.42 (`pcre2test`-like, through a haproxy acl). */
import { describe, expect, it } from 'vitest';
import { Regex, translateRegex } from './regex.ts';

const cases: [pattern: string, yes: string[], no: string[]][] = [
  ['^/api/v[0-9]+/', ['/api/v1/', '/api/v22/x'], ['/api/v/', 'x/api/v1/']],
  ['[[:alpha:]]+$', ['ab', 'ab\n'], ['ab1', '']],
  ['[^[:digit:]/]', ['a', '\n'], ['1', '/']],
  ['[[:^alpha:]]', ['1'], ['a']],
  ['\\Aa\\z', ['a'], ['a\n', 'ba']],
  ['a\\Z', ['a', 'a\n'], ['a\n\n']],
  ['^a$', ['a', 'a\n'], ['a\nb']],
  ['a.b', ['axb', 'a\rb', 'a\x85b'], ['a\nb']],
  ['(?s)a.b', ['a\nb'], ['ab']],
  ['(?m)^b$', ['a\nb\nc'], ['ab']],
  ['(?i)abc', ['ABC', 'aBc'], ['abd']],
  ['a(?i:b)c', ['aBc'], ['ABc', 'aBC']],
  ['a(?i)b|c', ['aB', 'C'], ['AB']],
  ['(?i)[a-c]x', ['Bx', 'bX'], ['dx']],
  ['(?i)\xe9', ['\xe9'], ['\xc9']],
  ['\\h\\H', ['\tx', '\xa0x'], ['\nx']],
  ['\\s', ['\t', '\x0b', ' '], ['\xa0']],
  ['\\Qa.b\\E+', ['a.b', 'a.bb'], ['axb']],
  ['a{2}', ['aa'], ['a']],
  ['a{,2}', ['a{,2}'], ['aa']],
  ['x{', ['x{'], ['x']],
  ['\\x41\\x{42}\\103', ['ABC'], ['abc']],
  ['[]a]', [']', 'a'], ['b']],
  ['[^]a]', ['b'], [']', 'a']],
  ['[a-]', ['a', '-'], ['b']],
  ['[\\w-]', ['-', 'z'], ['.']],
  ['[\\d.]+', ['1.2'], ['a']],
  ['(a|b)\\1', ['aa', 'bb'], ['ab']],
  ['(?<x>a)\\k<x>', ['aa'], ['ab']],
  ['(?P<x>a)\\g{1}', ['aa'], ['ab']],
  ['a(?=b)', ['ab'], ['ac']],
  ['(?<!a)b', ['cb', 'b'], ['ab']],
  ['a(?#comment)b', ['ab'], ['a']],
  ['\\.(gif|png)(\\?.*)?$', ['x.gif', 'x.png?y'], ['x.gifs']],
  ['^[^/:]*://', ['http://x'], ['/http://x']],
  ['\\/\\-\\_', ['/-_'], ['/']],
];

describe('regex', () => {
  it.each(cases)('%s', (pattern, yes, no) => {
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
    const started = process.hrtime.bigint();
    expect(new Regex('^(a+)+$').test(`${'a'.repeat(28)}b`)).toBe(false);
    expect(new Regex('^(a|a)*$').test(`${'a'.repeat(28)}b\n`)).toBe(false);
    expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(500);
  });

  it('ignores case without V8 flags', () => {
    expect(translateRegex('a[b-c]1', true).js).toBe('[aA][BCbc]1');
  });
});
