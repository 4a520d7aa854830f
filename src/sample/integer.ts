/** Hot path. 64-bit integers of the sample language: numbers as long as they are exact, bigints beyond 2^53, saturated at the ends
 * of int64 as HAProxy's arithmetic is.
 */

export type Integer = number | bigint;

export const INT64_MAX = 0x7fff_ffff_ffff_ffffn;
export const INT64_MIN = -0x8000_0000_0000_0000n;

/** A bigint as an Integer: a number when it is exact. */
export function integer(value: bigint): Integer {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Clamped to 64 bits; a number where that is exact. */
export function saturated(value: bigint): Integer {
  if (value > INT64_MAX) return INT64_MAX;
  return value < INT64_MIN ? INT64_MIN : integer(value);
}

/** The low 64 bits as a signed number, for what overflows silently. */
export function wrapped(value: bigint): Integer {
  return integer(BigInt.asIntN(64, value));
}

/** The low 32 bits, unsigned. */
export function low32(value: Integer): number {
  if (typeof value === 'number' && value >= 0 && value <= 0xffff_ffff) return value;
  return Number(BigInt.asUintN(32, BigInt(value)));
}

/** Eight bytes, network order, as a latin1 string. */
export function octets64(value: Integer): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(value));
  return bytes.toString('latin1');
}

const ZERO = 48;
const NINE = 57;

/** Reads the decimal number a string begins with, after an optional sign: digits stop at the first other character, no digit
 * is 0, too large saturates. */
export function integerOf(text: string): Integer {
  let i = 0;
  const first = text.charCodeAt(0);
  const negative = first === 45;
  if (negative || first === 43) i++;
  let value = 0;
  const start = i;
  for (; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < ZERO || code > NINE) break;
    value = value * 10 + (code - ZERO);
    if (value > Number.MAX_SAFE_INTEGER) return largeIntegerOf(text, start, negative);
  }
  return negative && value !== 0 ? -value : value;
}

function largeIntegerOf(text: string, start: number, negative: boolean): Integer {
  const digits = (/^\d+/.exec(text.slice(start, start + 400)) as RegExpExecArray)[0];
  const value = BigInt(digits);
  return saturated(negative ? -value : value);
}

/** Saturated at 64 bits, as HAProxy does. */
export function addIntegers(a: Integer, b: Integer): Integer {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return saturated(BigInt(a) + BigInt(b));
}

/** Saturated at 64 bits. */
export function subtractIntegers(a: Integer, b: Integer): Integer {
  if (typeof a === 'number' && typeof b === 'number') {
    const difference = a - b;
    if (Number.isSafeInteger(difference)) return difference;
  }
  return saturated(BigInt(a) - BigInt(b));
}

/** Saturated at 64 bits. */
export function multiplyIntegers(a: Integer, b: Integer): Integer {
  if (typeof a === 'number' && typeof b === 'number') {
    const product = a * b;
    if (Number.isSafeInteger(product)) return product + 0;
  }
  return saturated(BigInt(a) * BigInt(b));
}

/** Division truncates; by zero it gives the largest value of the dividend's sign. */
export function divideIntegers(a: Integer, b: Integer): Integer {
  if (b === 0) return a < 0 ? INT64_MIN : INT64_MAX;
  if (typeof a === 'number' && typeof b === 'number') return Math.trunc(a / b) + 0;
  return saturated(BigInt(a) / BigInt(b));
}

/** The remainder has the dividend's sign; by zero it is 0. */
export function remainderOf(a: Integer, b: Integer): Integer {
  if (b === 0) return 0;
  if (typeof a === 'number' && typeof b === 'number') return (a % b) + 0;
  return integer(BigInt(a) % BigInt(b));
}

/** Bytes, network order, as a signed integer of 64 bits. */
export function bigEndian(data: string): Integer {
  let value = 0n;
  for (let i = 0; i < data.length; i++) value = (value << 8n) | BigInt(data.charCodeAt(i));
  return wrapped(value);
}
