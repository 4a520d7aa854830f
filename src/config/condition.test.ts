/** Conditions of `.if` and `-cc`: their values, and what cannot be parsed. */
import { describe, expect, it } from 'vitest';
import { evaluateCondition } from './condition.ts';

const isDefined = (name: string) => name === 'HOME';

describe('conditions', () => {
  it.each([
    ['', false],
    ['0', false],
    ['1', true],
    ['-1', true],
    ['0x10', true],
    ['00', false],
    ['!0', true],
    ['! !1', true],
    ['!(0)', true],
    ['1 && 0 || 1', true],
    ['0 && 1 || 0', false],
    ['1 || 0 && 0', true],
    ['(1 || 0) && 0', false],
    ['defined(HOME) && (0 || 1)', true],
    ['defined(NONE)', false],
    ['feature(THREAD)', true],
    ['feature(SLZ) && !feature(OPENSSL)', true],
    ['feature(toString)', false],
    ['streq(a,"a")', true],
    ["streq('a b',a b)", true],
    ['streq(a, a)', false],
    ['strneq(a,b)', true],
    ['strstr(haystack,st)', true],
    ['version_atleast(v3.4)', true],
    ['version_atleast(3.5-dev5)', true],
    ['version_atleast(3.5-dev6)', false],
    ['version_atleast(3.5)', false],
    ['version_before(3.5-dev6)', true],
    ['version_before(2.4)', false],
    ['enabled(EPOLL)', true],
    ['enabled(KQUEUE)', false],
    ['ssllib_name_startswith(Open)', false],
    ['fips_mode()', false],
    ['0 && openssl_version_atleast(3)', false],
  ])('%s is %s', (text, value) => expect(evaluateCondition(text, isDefined)).toEqual({ value }));

  it.each([
    '200rrr',
    '!(0))',
    'foo',
    '&&',
    '1 &&',
    '1 ||',
    '()',
    '(1',
    '1 1',
    'streq(a)',
    'streq(a,b,c)',
    'streq(a,b',
    'streq',
    'openssl_version_atleast(3)',
    'awslc_api_before(3)',
    '('.repeat(5000),
    '!'.repeat(5000),
  ])('%s cannot be parsed', (text) => expect(evaluateCondition(text, isDefined)).toHaveProperty('error'));

  it('says what it could not read, and where', () => {
    expect(evaluateCondition('200rrr', isDefined)).toEqual({
      error: "unexpected character 'r' at the end of conditional expression '200rrr'",
      at: 3,
    });
  });
});
