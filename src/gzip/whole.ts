/** Whole bodies: synchronous, with a callback, or with a promise. A body of up to a slice (256 KB, 0.5 ms in fast, 1 ms in
 * balanced) is one native call, on the spot in every form: the way to another thread and back costs 40 to 60 us of
 * processor time by itself (node:zlib's gzip against its gzipSync), as much as 40 KB of text in fast, and a stream's
 * objects cost as much again. A longer one is worked in slices; the forms that wait give the event loop a turn between
 * two of them. Owns nothing but what a running call keeps.
 */
import { constants } from 'node:buffer';
import { setImmediate as turn } from 'node:timers/promises';
import type { FormatName } from './encoder.ts';
import { formatNumber } from './encoder.ts';
import { face, granted, refusal } from './face.ts';
import {
  bytesOf,
  type CompressOptions,
  chosenMode,
  type Input,
  modeName,
  typeFault,
  wholeNumber,
} from './options.ts';
import { copyOut, joined, Pieces, SLICE_LEN, scratch } from './pieces.ts';

export interface WholeOptions extends CompressOptions {
  /** A longer result is an error, ERR_BUFFER_TOO_LARGE; by default the longest that a Buffer can be. Bytes. */
  maxOutputLength?: number | undefined;
}

export type Callback = (error: Error | null, result: Buffer) => void;

/** gzip, deflate and deflateRaw: a promise, or a callback when one is given. */
export interface Compress {
  (input: Input, options?: WholeOptions | null): Promise<Buffer>;
  (input: Input, callback: Callback): void;
  (input: Input, options: WholeOptions | null | undefined, callback: Callback): void;
}

/** gzipSync, deflateSync and deflateRawSync. */
export type CompressSync = (input: Input, options?: WholeOptions | null) => Buffer;

/** What a call is asked for, checked. */
interface Wish {
  readonly format: FormatName;
  readonly mode: number;
  readonly maxLen: number;
}

function wish(format: FormatName, options: WholeOptions | null | undefined): Wish {
  const mode = chosenMode(options);
  const given = options?.maxOutputLength;
  const maxLen = wholeNumber('maxOutputLength', given, 1, constants.MAX_LENGTH, constants.MAX_LENGTH);
  return { format, mode, maxLen };
}

/** Node's own error for an output that no Buffer, or not the one that was allowed, can hold. */
function tooLarge(max: number): Error {
  return refusal(RangeError, 'ERR_BUFFER_TOO_LARGE', `Cannot create a Buffer larger than ${max} bytes`);
}

function small({ format, mode, maxLen }: Wish, bytes: Uint8Array): Buffer {
  const length = granted(face().slzOnce(formatNumber(format), mode, bytes, scratch()));
  if (length > maxLen) throw tooLarge(maxLen);
  return copyOut(length);
}

/** A body of more than a slice, worked slice by slice. Owns the stream and the output so far. */
class LongBody {
  readonly #pieces: Pieces;
  readonly #bytes: Uint8Array;
  /** As at the start: a buffer may be transferred or shrink while a call waits. */
  readonly #length: number;
  readonly #maxLen: number;
  readonly #outputs: Buffer[] = [];
  #outputLen = 0;
  #at = 0;

  constructor({ format, mode, maxLen }: Wish, bytes: Uint8Array) {
    this.#pieces = new Pieces({ format, mode: modeName(mode) });
    this.#bytes = bytes;
    this.#length = bytes.length;
    this.#maxLen = maxLen;
  }

  /** Works one slice; false when it was the last. */
  slice(): boolean {
    if (this.#bytes.length !== this.#length)
      throw refusal(TypeError, 'ERR_INVALID_STATE', 'input was detached while it was compressed');
    const end = Math.min(this.#at + SLICE_LEN, this.#length);
    this.#keep(this.#pieces.take(this.#bytes, this.#at, end));
    this.#at = end;
    return end < this.#length;
  }

  finish(): Buffer {
    this.#keep(this.#pieces.finish());
    return joined(this.#outputs);
  }

  #keep(output: Buffer): void {
    this.#outputLen += output.length;
    if (this.#outputLen > this.#maxLen) throw tooLarge(this.#maxLen);
    this.#outputs.push(output);
  }
}

/** A whole body at once; throws Node's argument errors for what is no body or no option. */
export function compressSync(format: FormatName, input: unknown, options?: WholeOptions | null): Buffer {
  const bytes = bytesOf(input);
  const wished = wish(format, options);
  if (bytes.length <= SLICE_LEN) return small(wished, bytes);
  const body = new LongBody(wished, bytes);
  while (body.slice());
  return body.finish();
}

async function compressLong(wished: Wish, bytes: Uint8Array): Promise<Buffer> {
  const body = new LongBody(wished, bytes);
  while (body.slice()) await turn();
  return body.finish();
}

async function compressPromised(
  format: FormatName,
  input: unknown,
  options: WholeOptions | null | undefined,
): Promise<Buffer> {
  const bytes = bytesOf(input);
  const wished = wish(format, options);
  return bytes.length <= SLICE_LEN ? small(wished, bytes) : compressLong(wished, bytes);
}

/** The waiting form of <format>. With a callback, wrong arguments throw at once, as node:zlib's do; the callback comes
 * in a later turn, and what it throws is its own.
 */
export function compressor(format: FormatName): Compress {
  function compress(input: Input, options?: WholeOptions | null): Promise<Buffer>;
  function compress(input: Input, callback: Callback): void;
  function compress(input: Input, options: WholeOptions | null | undefined, callback: Callback): void;
  function compress(
    input: Input,
    given?: CompressOptions | null | Callback,
    last?: Callback,
  ): Promise<Buffer> | undefined {
    const options = typeof given === 'function' ? undefined : given;
    const callback = typeof given === 'function' ? given : last;
    if (callback === undefined) return compressPromised(format, input, options);
    if (typeof callback !== 'function') throw typeFault('callback', 'a function', callback);
    const bytes = bytesOf(input);
    wish(format, options);
    const tell = (error: Error | null, result?: Buffer): void => process.nextTick(callback, error, result);
    compressPromised(format, bytes, options).then((result) => tell(null, result), tell);
    return undefined;
  }
  return compress;
}

/** The synchronous form of <format>. */
export function compressorSync(format: FormatName): CompressSync {
  return (input, options) => compressSync(format, input, options);
}
