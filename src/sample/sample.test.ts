/** What the pages cannot show: methods after the batch, casts, integers at their ends, lives of variables, texts in arguments. */
import { describe, expect, it } from 'vitest';
import { policyBench } from '../../test/tool/policy-stream.ts';
import { TestContext } from '../../test/tool/rule-context.ts';
import { parseIpv6 } from '../base/ip.ts';
import type { SampleType, SampleValue } from '../model/rules.ts';
import { parseExpression, parseExpressionText } from './expression.ts';
import { addIntegers, divideIntegers, INT64_MAX, INT64_MIN, integerOf, multiplyIntegers } from './integer.ts';
import { Binary, findCast, SAMPLE_TYPES } from './types.ts';

const head = (line: string): string => `${line}\r\nhost: x\r\n\r\n`;

function evaluate(expression: string, line = 'GET / HTTP/1.1') {
  const bench = policyBench(head(line));
  const context = new TestContext(bench, 'http-request');
  const compiled = parseExpressionText(expression, context, undefined);
  return { ...bench, context, compiled, value: compiled?.evaluate(bench.stream) };
}

describe('method', () => {
  it('is the one of the client after set-method, except where HAProxy has no number for it', () => {
    for (const [name, expected] of [
      ['GET', 'GET'],
      ['BREW', 'POST'],
    ]) {
      const { stream, compiled } = evaluate('method', `${name} / HTTP/1.1`);
      stream.request.setMethod('POST');
      expect(compiled?.evaluate(stream)).toBe(expected);
    }
  });

  it('stays readable to the log line', () => {
    const { stream, compiled } = evaluate('method', 'BREW / HTTP/1.1');
    stream.request.detach();
    expect(compiled?.evaluate(stream)).toBe('BREW');
  });
});

describe('casts', () => {
  const EXISTING = [
    'any any,bool,sint,addr,ipv4,ipv6,str,bin,meth',
    'bool any,bool,sint,str,bin',
    'sint any,bool,sint,addr,ipv4,ipv6,str,bin',
    'addr any,addr,ipv4,ipv6,str,bin',
    'ipv4 any,sint,addr,ipv4,ipv6,str,bin',
    'ipv6 any,addr,ipv4,ipv6,str,bin',
    'str any,bool,sint,addr,ipv4,ipv6,str,bin,meth',
    'bin any,str,bin,meth',
    'meth any,str,bin,meth',
  ];

  it.each(EXISTING)('%s and no others', (line) => {
    const [from, to] = line.split(' ') as [SampleType, string];
    expect(SAMPLE_TYPES.filter((type) => findCast(from, type) !== undefined).join(',')).toBe(to);
  });

  it.each([
    ['sint', 'ipv4', 0xc0000201, '192.0.2.1'],
    ['sint', 'bin', -1, '\xff'.repeat(8)],
    ['bool', 'str', true, '1'],
    ['str', 'sint', '12abc', 12],
    ['str', 'sint', '', undefined],
    ['str', 'addr', 'nonsense', undefined],
    ['bin', 'str', 'a\0b', 'a'],
    ['any', 'str', new Binary('a\0b'), 'a'],
    ['any', 'bin', new Binary('a\0b'), 'a\0b'],
    ['any', 'sint', '42', 42],
    ['ipv6', 'ipv4', parseIpv6('::ffff:192.0.2.1') as object, '192.0.2.1'],
    ['ipv6', 'ipv4', parseIpv6('2001:db8::1') as object, undefined],
  ] as [SampleType, SampleType, SampleValue, SampleValue | undefined][])(
    '%s to %s: %s',
    (from, to, value, expected) => {
      const result = findCast(from, to)?.(value);
      expect(typeof result === 'object' ? String(result) : result).toBe(expected);
    },
  );
});

describe('integers', () => {
  it('saturate', () => {
    expect(addIntegers(INT64_MAX, 1)).toBe(INT64_MAX);
    expect(addIntegers(Number.MAX_SAFE_INTEGER, 1)).toBe(9007199254740992n);
    expect(multiplyIntegers(INT64_MIN, 2)).toBe(INT64_MIN);
    expect(divideIntegers(-7, 0)).toBe(INT64_MIN);
    expect(Object.is(multiplyIntegers(-3, 0), 0)).toBe(true);
    expect(integerOf('99999999999999999999')).toBe(INT64_MAX);
    expect(integerOf('-')).toBe(0);
  });
});

describe('variables', () => {
  it('of req live with the request, of res with the response', () => {
    const { stream, context } = evaluate('str(a),set-var(req.a)');
    const read = parseExpressionText('var(req.a)', context, undefined);
    expect(read?.evaluate(stream)).toBe('a');
    stream.phase = 1;
    expect(read?.evaluate(stream)).toBe(undefined);
    expect(evaluate('str(b),set-var(res.b)').stream.variables).toBe(undefined);
  });
});

describe('texts', () => {
  it('may have a converter in a word of its own', () => {
    const { context, stream } = evaluate('str(x)');
    const cursor = context.cursor('str(Ab) lower length if TRUE');
    expect(parseExpression(cursor, context)?.evaluate(stream)).toBe(2);
    expect(cursor.peek()).toBe('if');
  });

  it.each([
    ['str(a', "fetch method 'str' : expected ')' in expression 'str(a'."],
    [
      'int(x)',
      "fetch method 'int' : failed to parse 'x' as type 'integer' at position 1 in expression 'int(x)'.",
    ],
    [
      'int',
      "fetch method 'int' : expected type 'integer' at position 1, but got nothing in expression 'int'.",
    ],
    ['str(a)lower', "missing comma after fetch keyword in expression 'str(a)lower'."],
    ['str(a),lowr', "unknown converter 'lowr'; did you mean 'lower' maybe? in expression 'str(a),lowr'."],
    [
      'src,upper,add(1),ipmask(24),nope',
      "unknown converter 'nope' in expression 'src,upper,add(1),ipmask(24),nope'.",
    ],
    [
      'bin(00),add(1)',
      "converter 'add' cannot be applied: it takes sint, but is given bin in expression 'bin(00),add(1)'.",
    ],
    [
      'str(a),word(1)',
      "invalid args in converter 'word' : missing arguments (got 1/2), type 'string' expected in expression 'str(a),word(1)'.",
    ],
    [
      'str(a),lower(x)',
      "invalid args in converter 'lower' : no argument supported, but got '(x)' in expression 'str(a),lower(x)'.",
    ],
    [
      'nbsrv(nowhere)',
      "unable to find backend 'nowhere' referenced in arg 1 of sample fetch keyword 'nbsrv'.",
    ],
  ])('%s is refused', (expression, message) => {
    const context = new TestContext(policyBench(), 'http-request');
    parseExpressionText(expression, context, undefined);
    expect(context.finish()[0]?.message).toBe(message);
  });
});
