/** Whatever stands in a configuration, the compilers of policy answer with alerts; whatever they compile, a request cannot make it
 * throw. Texts are made of the language's own pieces, so that many of them are nearly right.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { policyBench } from '../../test/tool/policy-stream.ts';
import { TestContext } from '../../test/tool/rule-context.ts';
import { aliases } from '../log/aliases.ts';
import { parseLogFormat } from '../log/log-format.ts';
import type { RuleSet } from '../model/rules.ts';
import { parseRange } from '../pattern/numbers.ts';
import { Regex, RegexError } from '../pattern/regex.ts';
import { converters } from '../sample/converters/index.ts';
import { parseExpressionText } from '../sample/expression.ts';
import { fetches } from '../sample/fetches/index.ts';
import { actions } from './index.ts';
import { parseRule } from './parse.ts';

const REQUEST =
  'GET /a%2g/b?c=d HTTP/1.1\r\nhost: example.org\r\nx-h: abc, "b1,b2\r\ncookie: s=1;;=;\r\n\r\nbody';

const latin = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 12,
});
const argument = fc.oneof(
  fc.constantFrom(
    '',
    '1',
    '-1',
    '0',
    'x-h',
    'host',
    'txn.a',
    ',',
    '/',
    '_',
    'app',
    'app/s1',
    'web',
    '24',
    'i',
    'g',
    '(',
    ')',
    '"',
    "'",
    '\\',
    '99999999999999999999',
  ),
  latin,
);
const keyword = (names: readonly string[]) =>
  fc
    .tuple(fc.constantFrom(...names), fc.option(fc.array(argument, { maxLength: 4 })))
    .map(([name, args]) => (args === null ? name : `${name}(${args.join(',')})`));
const expression = fc
  .tuple(
    keyword(fetches.map(({ name }) => name)),
    fc.array(keyword(converters.map(({ name }) => name)), { maxLength: 3 }),
  )
  .map(([fetch, chain]) => [fetch, ...chain].join(','));
const format = fc
  .array(
    fc.oneof(
      expression.map((text) => `%[${text}]`),
      fc.constantFrom(...aliases.map(({ name }) => `%${name}`)),
      fc.constantFrom(
        '%',
        '%%',
        ' ',
        '%{+Q}',
        '%{+json}o',
        '%{+cbor}o',
        '%(n)',
        '%(n:sint)',
        '%[',
        ']',
        '{',
        '}',
      ),
      latin,
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.join(''));
const word = fc.oneof(
  argument,
  expression,
  format,
  fc.constantFrom(
    'if',
    'unless',
    '{',
    '}',
    'or',
    '!',
    '-m',
    '-i',
    '-f',
    'beg',
    'reg',
    'path_beg',
    'path',
    'TRUE',
    'len',
    'id',
    'status',
    'string',
    'hdr',
    'location',
    'code',
  ),
);
const rule = fc.tuple(keyword(actions.map(({ name }) => name)), fc.array(word, { maxLength: 6 }));
const RULE_SETS: readonly RuleSet[] = [
  'http-request',
  'http-response',
  'http-after-response',
  'tcp-request content',
];

function bench(ruleSet: RuleSet = 'http-request') {
  const isResponse = ruleSet !== 'http-request' && ruleSet.startsWith('http');
  const stand = policyBench(REQUEST, isResponse ? 'HTTP/1.1 200 OK\r\nset-cookie: a=b\r\n\r\n' : undefined);
  return { ...stand, context: new TestContext(stand, ruleSet) };
}

describe('hostile configurations', () => {
  it('expressions', () => {
    fc.assert(
      fc.property(expression, (text) => {
        const { stream, context } = bench();
        const compiled = parseExpressionText(text, context, undefined);
        const names = context.finish();
        // A name that leads nowhere stops the start, so it is never evaluated.
        if (compiled !== undefined && names.length === 0) compiled.evaluate(stream);
        else expect(names.length).toBeGreaterThan(0);
      }),
      { numRuns: 3000 },
    );
  });

  it('log formats', () => {
    fc.assert(
      fc.property(format, (text) => {
        const { stream, context } = bench();
        const compiled = parseLogFormat({ text, column: 0 }, context, { use: 'http' });
        if (compiled !== undefined && context.finish().length === 0)
          expect(typeof compiled.build(stream)).toBe('string');
      }),
      { numRuns: 2000 },
    );
  });

  it('rules', () => {
    fc.assert(
      fc.property(fc.constantFrom(...RULE_SETS), rule, (ruleSet, [name, words]) => {
        const { stream, context } = bench(ruleSet);
        const cursor = context.cursor('x');
        const texts = [name, ...words].map((text, column) => ({ text, column }));
        const compiled = parseRule(ruleSet, Object.assign(cursor, { words: texts }), context);
        const said = context.finish();
        if (compiled === undefined) expect(said.length).toBeGreaterThan(0);
        else if (said.every(({ severity }) => severity !== 'alert')) {
          if (compiled.condition?.test(stream) !== false) compiled.action.run(stream);
        }
      }),
      { numRuns: 5000 },
    );
  });

  it('patterns', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom(...'ab01(){}[]^$.*+?|\\-:,=!<>iQEdsxkg&', '\xe9', '\n'),
          maxLength: 16,
        }),
        latin,
        (pattern, subject) => {
          parseRange(pattern);
          try {
            new Regex(pattern).test(subject);
          } catch (error) {
            expect(error).toBeInstanceOf(RegexError);
          }
        },
      ),
      { numRuns: 5000 },
    );
  });
});
