/** Whole bodies: synchronous, with a callback, or with a promise. A body of up to a segment is one native call, on the spot
 * in every form, because a hop to another thread costs more than the work. A longer one is worked in slices; the forms
 * that wait give the event loop a turn between two of them. Owns nothing but what a running call keeps.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { FormatName } from './encoder.ts';
import { formatNumber } from './encoder.ts';
import { face, granted, refusal, SEGMENT_LEN } from './face.ts';
import { bytesOf, type CompressOptions, chosenMode, type Input, modeName, typeFault } from './options.ts';
import { copyOut, Pieces, SLICE_LEN, scratch } from './pieces.ts';

export type Callback = (error: Error | null, result: Buffer) => void;

/** gzip, deflate and deflateRaw: a promise, or a callback when one is given. */
export interface Compress {
  (input: Input, options?: CompressOptions | null): Promise<Buffer>;
  (input: Input, callback: Callback): void;
  (input: Input, options: CompressOptions | null | undefined, callback: Callback): void;
}

/** gzipSync, deflateSync and deflateRawSync. */
export type CompressSync = (input: Input, options?: CompressOptions | null) => Buffer;

function small(format: FormatName, bytes: Uint8Array, mode: number): Buffer {
  return copyOut(granted(face().slzOnce(formatNumber(format), mode, bytes, scratch())));
}

/** One slice of <bytes>, which must be as long as at the start: a buffer may be transferred while a call waits. */
function slice(pieces: Pieces, bytes: Uint8Array, at: number, length: number, outputs: Buffer[]): number {
  if (bytes.length !== length)
    throw refusal(TypeError, 'ERR_INVALID_STATE', 'input was detached while it was compressed');
  const end = Math.min(at + SLICE_LEN, length);
  outputs.push(pieces.take(bytes, at, end));
  return end;
}

function piecesFor(format: FormatName, mode: number): Pieces {
  return new Pieces({ format, mode: modeName(mode) });
}

/** A whole body at once; throws Node's argument errors for what is no body or no option. */
export function compressSync(format: FormatName, input: unknown, options?: CompressOptions | null): Buffer {
  const bytes = bytesOf(input);
  const mode = chosenMode(options);
  const { length } = bytes;
  if (length <= SEGMENT_LEN) return small(format, bytes, mode);
  const pieces = piecesFor(format, mode);
  const outputs: Buffer[] = [];
  for (let at = 0; at < length; ) at = slice(pieces, bytes, at, length, outputs);
  outputs.push(pieces.finish());
  return Buffer.concat(outputs);
}

async function compressLong(format: FormatName, bytes: Uint8Array, mode: number): Promise<Buffer> {
  const pieces = piecesFor(format, mode);
  const outputs: Buffer[] = [];
  const { length } = bytes;
  for (let at = 0; at < length; ) {
    at = slice(pieces, bytes, at, length, outputs);
    await turn();
  }
  outputs.push(pieces.finish());
  return Buffer.concat(outputs);
}

async function compressPromised(
  format: FormatName,
  input: unknown,
  options: CompressOptions | null | undefined,
): Promise<Buffer> {
  const bytes = bytesOf(input);
  const mode = chosenMode(options);
  return bytes.length <= SEGMENT_LEN ? small(format, bytes, mode) : compressLong(format, bytes, mode);
}

/** The waiting form of <format>. With a callback, wrong arguments throw at once, as node:zlib's do; the callback comes
 * in a later turn, and what it throws is its own.
 */
export function compressor(format: FormatName): Compress {
  function compress(input: Input, options?: CompressOptions | null): Promise<Buffer>;
  function compress(input: Input, callback: Callback): void;
  function compress(input: Input, options: CompressOptions | null | undefined, callback: Callback): void;
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
    chosenMode(options);
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
