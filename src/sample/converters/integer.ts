/** Hot path. Converters on integers: arithmetic, bits and tests. Operands are integers or variables; results saturate at the ends of
 * 64 bits as HAProxy's do.
 */
import type { Stream } from '../../model/stream.ts';
import { converter } from '../declare.ts';
import {
  addIntegers,
  divideIntegers,
  type Integer,
  multiplyIntegers,
  remainderOf,
  subtractIntegers,
  wrapped,
} from '../integer.ts';
import { findCast } from '../types.ts';
import { Variable } from '../variable.ts';

const toInteger = findCast('any', 'sint');

function operandOf(operand: Integer | Variable, stream: Stream): Integer | undefined {
  if (!(operand instanceof Variable)) return operand;
  const value = operand.get(stream);
  return value === undefined ? undefined : (toInteger?.(value) as Integer | undefined);
}

/** A converter that combines its input with one operand; a variable that is not set loses the sample. */
function binary(name: string, combine: (a: Integer, b: Integer) => Integer) {
  return converter({
    name,
    args: ['operand'],
    input: 'sint',
    output: 'sint',
    convert: (value, [operand], stream) => {
      const other = operandOf(operand, stream);
      return other === undefined ? undefined : combine(value, other);
    },
  });
}

function isSmall(value: Integer): value is number {
  return typeof value === 'number' && value >= 0 && value <= 0x7fff_ffff;
}

function bits(onNumbers: (a: number, b: number) => number, onBigints: (a: bigint, b: bigint) => bigint) {
  return (a: Integer, b: Integer): Integer =>
    isSmall(a) && isSmall(b) ? onNumbers(a, b) : wrapped(onBigints(BigInt(a), BigInt(b)));
}

function isOdd(value: Integer): boolean {
  return typeof value === 'number' ? value % 2 !== 0 : (value & 1n) === 1n;
}

export const integerConverters = [
  binary('add', addIntegers),
  binary('sub', subtractIntegers),
  binary('mul', multiplyIntegers),
  binary('div', divideIntegers),
  binary('mod', remainderOf),
  binary(
    'and',
    bits(
      (a, b) => a & b,
      (a, b) => a & b,
    ),
  ),
  binary(
    'or',
    bits(
      (a, b) => a | b,
      (a, b) => a | b,
    ),
  ),
  binary(
    'xor',
    bits(
      (a, b) => a ^ b,
      (a, b) => a ^ b,
    ),
  ),
  converter({
    name: 'cpl',
    args: [],
    input: 'sint',
    output: 'sint',
    convert: (value) => (typeof value === 'number' ? -value - 1 : wrapped(~value)),
  }),
  converter({
    name: 'neg',
    args: [],
    input: 'sint',
    output: 'sint',
    convert: (value) => subtractIntegers(0, value),
  }),
  converter({ name: 'bool', args: [], input: 'sint', output: 'bool', convert: (value) => value !== 0 }),
  converter({ name: 'not', args: [], input: 'sint', output: 'bool', convert: (value) => value === 0 }),
  converter({ name: 'odd', args: [], input: 'sint', output: 'bool', convert: (value) => isOdd(value) }),
  converter({ name: 'even', args: [], input: 'sint', output: 'bool', convert: (value) => !isOdd(value) }),
];
