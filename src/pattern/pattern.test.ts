/** What each match method accepts, as a table: patterns, then subjects that match and subjects that do not. */
import { describe, expect, it } from 'vitest';
import { parseAddress } from '../base/ip.ts';
import type { SampleValue } from '../model/rules.ts';
import { asciiLower, asciiUpper } from './ascii.ts';
import { dottedMethod, findMatchMethod, methodMethod, readPatternFile } from './methods.ts';

function matcher(name: string, patterns: string, insensitive = false) {
  const faults: string[] = [];
  const method = name === 'dotted' ? dottedMethod : name === 'method' ? methodMethod : findMatchMethod(name);
  const match = method?.build(patterns.split(' '), insensitive, (_index, message) => faults.push(message));
  return { match: match as (value: SampleValue) => boolean, faults };
}

const MANY = 'a1 b2 c3 d4 e5 f6 g7 h8 /static';

const cases: [method: string, patterns: string, yes: SampleValue[], no: SampleValue[]][] = [
  ['str', '/a /b', ['/a', '/b'], ['/ab', '', '/A']],
  ['str', MANY, ['e5', '/static'], ['e', 'e55', '']],
  ['beg', '/img /css', ['/img', '/css/x'], ['/im', 'x/img']],
  ['beg', MANY, ['/static/x', 'a1'], ['/stati', '', 'xa1']],
  ['end', '.gif .png', ['x.gif', '.png'], ['.gif.', 'gif']],
  ['end', MANY, ['x/static', 'h8'], ['h8 ', '']],
  ['sub', 'oo', ['foo', 'oo'], ['o', '']],
  ['sub', MANY, ['xxe5xx', '/static'], ['e 5', '']],
  [
    'dir',
    'images/png',
    ['/images/png/logo', 'images/png', '/x/images/png?y'],
    ['/images/pngs', '/ximages/png'],
  ],
  ['dir', '/images/', ['/images', '/images/x'], ['/image', 'ximages']],
  [
    'dom',
    'dc-eu.example',
    ['http://www1.dc-eu.example.com:80/blah', 'dc-eu.example'],
    ['http://eu.example.com', 'dc-eu.examples'],
  ],
  ['dom', '.com. blah', ['a.com', 'com', 'x/blah?y'], ['acom', 'blahs']],
  ['len', '3 gt 10', ['abc', 'abcdefghijk'], ['ab', 'abcd']],
  ['int', '1024:65535', [1024, 65535n], [1023, 65536]],
  ['int', 'lt 0', [-1], [0, 1]],
  ['int', ':5', [-7, 5], [6]],
  ['int', '-5', [-7, 5], [6]],
  ['int', 'ge 9223372036854775807', [0x7fff_ffff_ffff_ffffn], [Number.MAX_SAFE_INTEGER]],
  ['dotted', '3:3.1', [3 << 16, (3 << 16) | 1], [(3 << 16) | 2, 2 << 16]],
  ['bin', '48656c6c6f', ['Hello'], ['hello', 'Hell']],
  ['bool', '', [true, 1], [false, 0]],
  ['found', '', [false, '', 0], []],
  ['method', 'GET get', ['GET'], ['HEAD', 'POST']],
];

describe('match methods', () => {
  it.each(cases)('%s %s', (method, patterns, yes, no) => {
    const { match, faults } = matcher(method, patterns);
    expect(faults).toEqual([]);
    for (const value of yes) expect([value, match(value)]).toEqual([value, true]);
    for (const value of no) expect([value, match(value)]).toEqual([value, false]);
  });

  it('ignores the case of ASCII letters only', () => {
    expect(matcher('beg', 'WWW.', true).match('www.example')).toBe(true);
    expect(matcher('str', '\xc9t', true).match('\xe9t')).toBe(false);
    expect(asciiLower('\xc9T')).toBe('\xc9t');
    expect(asciiUpper('\xdf\xe9a')).toBe('\xdf\xe9A');
    expect(matcher('method', 'get', true).match('GET')).toBe(false);
    expect(matcher('method', 'brew', true).match('BREW')).toBe(true);
  });

  it.each([
    ['10.0.0.0/8', ['10.1.2.3', '::ffff:10.1.2.3', '2002:a01:203::'], ['11.0.0.1', '2001::10']],
    ['10.12/8', ['10.200.0.1'], ['11.0.0.1']],
    ['192.168.1/22', ['192.168.3.255'], ['192.168.4.0']],
    ['::ffff:0.0.0.0/96', ['1.2.3.4'], ['::1']],
    [
      '1.0.0.0/8 2.0.0.0/8 3.0.0.0/8 4.0.0.0/8 5.0.0.1 6.0.0.1 7.0.0.0/255.0.0.255 ::1 fe80::/10 9.9.9.9',
      ['4.3.2.1', '5.0.0.1', '7.9.9.0', '::1', 'fe80::7', '9.9.9.9'],
      ['5.0.0.2', '7.0.0.1', '::2'],
    ],
  ])('ip %s', (patterns, yes, no) => {
    const { match, faults } = matcher('ip', patterns);
    expect(faults).toEqual([]);
    for (const text of yes) expect([text, match(parseAddress(text) as object)]).toEqual([text, true]);
    for (const text of no) expect([text, match(parseAddress(text) as object)]).toEqual([text, false]);
  });

  it.each([
    ['int', 'abc', "'abc' is not a number"],
    ['int', 'gt abc', "'abc' is neither a number nor a supported operator"],
    ['ip', '1.2.3.400', "'1.2.3.400' is not a valid IPv4 or IPv6 address"],
    ['bin', 'abc', "an hexadecimal value is expected, but found 'abc'"],
    [
      'reg',
      'a++',
      "regex 'a++' is refused (possessive quantifiers ('++') are not supported, at character 3)",
    ],
  ])('%s refuses %s', (method, patterns, message) => {
    expect(matcher(method, patterns).faults).toEqual([message]);
  });

  it('reads pattern files', () => {
    const file = Buffer.from('# comment\n\n  /a b\r\n\t #c\n/d value\n');
    expect(readPatternFile(file, false)).toEqual(['/a b', '#c', '/d value']);
    expect(readPatternFile(file, true)).toEqual(['/a', '#c', '/d']);
  });
});
