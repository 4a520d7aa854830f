/** Hot path. Converters between bytes and text: hexadecimal, base64, base 2, integers of a block, parts of it, control characters. */

import type { Stream } from '../../model/stream.ts';
import { converter } from '../declare.ts';
import { type Integer, low32, wrapped } from '../integer.ts';
import { findCast } from '../types.ts';
import { Variable } from '../variable.ts';

const HEX = '0123456789ABCDEF';

function hexOf(data: string, start = 0, end = data.length): string {
  let out = '';
  for (let i = start; i < end; i++) {
    const code = data.charCodeAt(i);
    out += HEX.charAt(code >> 4) + HEX.charAt(code & 15);
  }
  return out;
}

function fromHex(text: string): Integer | undefined {
  if (!/^[0-9A-Fa-f]*$/.test(text)) return undefined;
  if (text.length <= 12) return text === '' ? 0 : Number.parseInt(text, 16);
  return wrapped(BigInt(`0x${text}`));
}

/** RFC 4648: whole groups only in the standard alphabet; undefined for anything else. */
function decodeBase64(text: string): string | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  return Buffer.from(text, 'base64').toString('latin1');
}

function decodeBase64Url(text: string): string | undefined {
  if (text.length % 4 === 1 || !/^[A-Za-z0-9_-]*$/.test(text)) return undefined;
  return Buffer.from(text, 'base64url').toString('latin1');
}

function base2(data: string): string {
  let out = '';
  for (let i = 0; i < data.length; i++) out += data.charCodeAt(i).toString(2).padStart(8, '0');
  return out;
}

/** Whole blocks of <size> bytes as numbers; the last one may be short unless <truncate>. */
function decimals(data: string, separator: string, size: number, truncate: number, isBig: boolean): string {
  const last = truncate !== 0 ? data.length - size + 1 : data.length;
  let out = '';
  for (let at = 0; at < last; at += size) {
    if (at > 0) out += separator;
    const end = Math.min(at + size, data.length);
    let value = 0n;
    for (let i = at; i < end; i++) {
      const byte = BigInt(data.charCodeAt(i));
      value = isBig ? (value << 8n) | byte : value | (byte << BigInt(8 * (i - at)));
    }
    out += String(value);
  }
  return out;
}

function wrongChunk(size: number | undefined, truncate: number | undefined): string | undefined {
  if (size === undefined || size <= 0 || size > 8) return `chunk_size out of [1..8] range (${size ?? 0})`;
  return truncate !== undefined && truncate !== 0 && truncate !== 1
    ? `Unsupported truncate value (${truncate})`
    : undefined;
}

function hexBlocks(data: string, separator: string, chunk: number, truncate: number): string {
  const size = separator === '' && truncate === 0 ? Math.max(data.length, 1) : chunk;
  const last = truncate !== 0 ? data.length - size + 1 : data.length;
  let out = '';
  for (let at = 0; at < last; at += size) {
    if (at > 0) out += separator;
    out += hexOf(data, at, Math.min(at + size, data.length));
  }
  return out;
}

/** Bits of the control characters that `has_ctl` looks for: one for each code below 32, then DEL. */
function controlMask(name: string | undefined): bigint | undefined {
  if (name === undefined || name === '') return 0x1fffffdffn;
  if (name === 'any') return 0x1ffffffffn;
  if (name === 'http') return 0x2401n;
  if (!/^(0x[0-9A-Fa-f]{1,16}|\d{1,19})$/.test(name)) return undefined;
  const mask = BigInt(name);
  return mask > 0x1ffffffffn ? undefined : mask;
}

function hasControl(data: string, mask: bigint): boolean {
  for (let i = 0; i < data.length; i++) {
    const code = data.charCodeAt(i);
    const bit = code < 32 ? code : code === 127 ? 32 : -1;
    if (bit >= 0 && ((mask >> BigInt(bit)) & 1n) === 1n) return true;
  }
  return false;
}

const toInteger = findCast('any', 'sint');

function countOf(operand: Integer | Variable | undefined, stream: Stream): number | undefined {
  if (operand === undefined) return undefined;
  if (!(operand instanceof Variable)) return Number(operand);
  const value = operand.get(stream);
  const cast = value === undefined ? undefined : toInteger?.(value);
  return cast === undefined ? -1 : Number(cast);
}

export const binaryConverters = [
  converter({ name: 'hex', args: [], input: 'bin', output: 'str', convert: (data) => hexOf(data) }),
  converter({ name: 'hex2i', args: [], input: 'str', output: 'sint', convert: (text) => fromHex(text) }),
  converter({
    name: 'base64',
    args: [],
    input: 'bin',
    output: 'str',
    convert: (data) => Buffer.from(data, 'latin1').toString('base64'),
  }),
  converter({ name: 'b64dec', args: [], input: 'str', output: 'bin', convert: (text) => decodeBase64(text) }),
  converter({
    name: 'ub64enc',
    args: [],
    input: 'bin',
    output: 'str',
    convert: (data) => Buffer.from(data, 'latin1').toString('base64url'),
  }),
  converter({
    name: 'ub64dec',
    args: [],
    input: 'str',
    output: 'bin',
    convert: (text) => decodeBase64Url(text),
  }),
  converter({ name: 'base2', args: [], input: 'bin', output: 'str', convert: (data) => base2(data) }),
  converter({
    name: 'be2dec',
    args: ['str', 'sint?', 'sint?'],
    input: 'bin',
    output: 'str',
    check: ([, size, truncate]) => wrongChunk(size, truncate),
    convert: (data, [separator, size, truncate]) => decimals(data, separator, size ?? 1, truncate ?? 0, true),
  }),
  converter({
    name: 'le2dec',
    args: ['str', 'sint?', 'sint?'],
    input: 'bin',
    output: 'str',
    check: ([, size, truncate]) => wrongChunk(size, truncate),
    convert: (data, [separator, size, truncate]) =>
      decimals(data, separator, size ?? 1, truncate ?? 0, false),
  }),
  converter({
    name: 'be2hex',
    args: ['str', 'sint?', 'sint?'],
    input: 'bin',
    output: 'str',
    check: ([separator, size, truncate]) => {
      if ((size ?? 0) <= 0 && (separator !== '' || (truncate ?? 0) !== 0)) {
        return `chunk_size needs to be positive (${size ?? 0})`;
      }
      return truncate === undefined || truncate === 0 || truncate === 1
        ? undefined
        : `Unsupported truncate value (${truncate})`;
    },
    convert: (data, [separator, size, truncate]) => hexBlocks(data, separator, size ?? 0, truncate ?? 0),
  }),
  converter({
    name: 'bytes',
    args: ['operand', 'operand?'],
    input: 'bin',
    output: 'bin',
    check: ([from, length]) => {
      if (typeof from === 'number' && from < 0) return 'the offset must not be negative';
      return typeof length === 'number' && length <= 0 ? 'the length must be positive' : undefined;
    },
    convert: (data, [from, length], stream) => {
      const start = countOf(from, stream) as number;
      const count = countOf(length, stream);
      if (start < 0 || (count !== undefined && count < 0)) return undefined;
      return count === undefined ? data.substring(start) : data.substring(start, start + count);
    },
  }),
  converter({
    name: 'has_ctl',
    args: ['str?'],
    input: 'bin',
    output: 'bool',
    check: ([mask]) =>
      controlMask(mask) === undefined
        ? `'${mask}' is neither 'any', 'http' nor a mask of 33 bits`
        : undefined,
    convert: (data, [mask]) => hasControl(data, controlMask(mask) as bigint),
  }),
  converter({
    name: 'htonl',
    args: [],
    input: 'sint',
    output: 'bin',
    convert: (value) => {
      const word = low32(value);
      return String.fromCharCode(word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255);
    },
  }),
];
