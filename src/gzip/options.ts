/** What callers may say, checked: the mode or zlib's level, zlib's other options as far as they mean something here, and
 * the kinds of bytes that are taken. All mistakes are TypeErrors or RangeErrors with Node's codes.
 */
import type { TransformOptions } from 'node:stream';
import { isAnyArrayBuffer, isArrayBufferView, isUint8Array } from 'node:util/types';
import { refusal } from './face.ts';

/** `store` wraps without compressing, `fast` goes over the bytes once, `balanced` twice for about a fifth less output. */
export type Mode = 'fast' | 'balanced' | 'store';

export interface CompressOptions {
  /** `balanced` when neither mode nor level is given. */
  mode?: Mode | undefined;
  /** zlib's levels: 0 is `store`, 1 `fast`, 2 to 9 and -1 (zlib's default) `balanced`. Ignored when a mode is given. */
  level?: number | undefined;
  /** Only 15: matches may reach 32 KB back. */
  windowBits?: number | undefined;
}

/** Of zlib's options, memLevel, strategy and chunkSize change nothing here and may stay where they are. */
export interface StreamOptions extends CompressOptions, Omit<TransformOptions, 'flush'> {
  /** What follows every write; Z_NO_FLUSH by default. */
  flush?: number | undefined;
  /** What end() does; Z_FINISH by default. */
  finishFlush?: number | undefined;
  chunkSize?: number | undefined;
  memLevel?: number | undefined;
  strategy?: number | undefined;
}

/** What can be compressed; a string is taken as UTF-8. */
export type Input = string | ArrayBufferLike | ArrayBufferView;

/** zlib's numbers for flush(kind). PARTIAL, SYNC, FULL and BLOCK are one here: every flush is a full one. */
export const constants = Object.freeze({
  Z_NO_FLUSH: 0,
  Z_PARTIAL_FLUSH: 1,
  Z_SYNC_FLUSH: 2,
  Z_FULL_FLUSH: 3,
  Z_FINISH: 4,
  Z_BLOCK: 5,
  Z_NO_COMPRESSION: 0,
  Z_BEST_SPEED: 1,
  Z_BEST_COMPRESSION: 9,
  Z_DEFAULT_COMPRESSION: -1,
});

const modes: readonly Mode[] = ['store', 'fast', 'balanced'];

/** What was given, short enough for an error's message. */
function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40));
  if (typeof value !== 'object' || value === null) return String(value);
  return `an instance of ${(value as { constructor?: { name?: string } }).constructor?.name || 'an object'}`;
}

/** An error as Node's own, ERR_INVALID_ARG_TYPE; the caller throws it. */
export function typeFault(name: string, expected: string, value: unknown): Error {
  return refusal(TypeError, 'ERR_INVALID_ARG_TYPE', `${name} must be ${expected}; got ${shown(value)}`);
}

/** <value> when it is a whole number from <min> to <max>, <otherwise> when it is undefined. */
export function wholeNumber(
  name: string,
  value: unknown,
  min: number,
  max: number,
  otherwise: number,
): number {
  if (value === undefined) return otherwise;
  if (typeof value !== 'number') throw typeFault(name, 'a number', value);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  const text = `${name} must be a whole number from ${min} to ${max}; got ${value}`;
  throw refusal(RangeError, 'ERR_OUT_OF_RANGE', text);
}

/** The native number of a mode's name. */
export function modeNumber(mode: unknown): number {
  const number = modes.indexOf(mode as Mode);
  if (number >= 0) return number;
  const text = `mode must be 'fast', 'balanced' or 'store'; got ${shown(mode)}`;
  throw refusal(TypeError, 'ERR_INVALID_ARG_VALUE', text);
}

/** The mode's name of a native number. */
export function modeName(number: number): Mode {
  return modes[number] as Mode;
}

/** The native mode of zlib's level. */
export function levelNumber(level: unknown): number {
  const checked = wholeNumber('level', level, -1, 9, -1);
  return checked < 0 ? 2 : Math.min(checked, 2);
}

/** The native mode that <options> ask for. */
export function chosenMode(options: CompressOptions | null | undefined): number {
  if (options === undefined || options === null) return 2;
  if (typeof options !== 'object') throw typeFault('options', 'an object', options);
  wholeNumber('windowBits', options.windowBits, 15, 15, 15);
  const byLevel = levelNumber(options.level);
  return options.mode === undefined ? byLevel : modeNumber(options.mode);
}

/** The kinds of flush that follow a write and the end; zlib's other options change nothing, but mistakes in them are some. */
export function chosenFlushes(options: StreamOptions): { flushKind: number; finishKind: number } {
  wholeNumber('options.chunkSize', options.chunkSize, 64, Number.MAX_SAFE_INTEGER, 64);
  wholeNumber('options.memLevel', options.memLevel, 1, 9, 8);
  wholeNumber('options.strategy', options.strategy, 0, 4, 0);
  const flushKind = wholeNumber('options.flush', options.flush, 0, 5, constants.Z_NO_FLUSH);
  const finishKind = wholeNumber('options.finishFlush', options.finishFlush, 0, 5, constants.Z_FINISH);
  return { flushKind, finishKind };
}

/** What of <options> is for Transform: bytes go in and come out, whatever is said. zlib's `flush` is a number there. One
 * literal: an object of varying shape made construction twice as slow.
 */
export function transformOptions(options: StreamOptions): TransformOptions {
  return {
    highWaterMark: options.highWaterMark,
    readableHighWaterMark: options.readableHighWaterMark,
    writableHighWaterMark: options.writableHighWaterMark,
    allowHalfOpen: options.allowHalfOpen,
    autoDestroy: options.autoDestroy,
    emitClose: options.emitClose,
    defaultEncoding: options.defaultEncoding,
    signal: options.signal,
  };
}

/** The bytes of <input>, without a copy unless it is a string. */
export function bytesOf(input: unknown, name = 'input'): Uint8Array {
  if (isUint8Array(input)) return input;
  if (typeof input === 'string') return Buffer.from(input, 'utf8');
  try {
    if (isArrayBufferView(input)) return new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
    if (isAnyArrayBuffer(input)) return new Uint8Array(input);
  } catch {
    throw refusal(TypeError, 'ERR_INVALID_STATE', `${name} lies in an ArrayBuffer that is detached`);
  }
  throw typeFault(name, 'a string, a Buffer, a typed array, a DataView or an ArrayBuffer', input);
}
