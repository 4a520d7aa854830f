/** `sluice/gzip`: gzip and deflate by the proxy's own encoder, in the words of node:zlib. A stream keeps a few bytes between
 * two flushes where zlib keeps a quarter of a megabyte, and compresses several times as fast; its output is a little
 * longer than zlib's. What comes out is plain gzip, zlib or deflate: every decoder reads it. It only compresses.
 */

import type { StreamOptions } from './options.ts';
import { Deflate, DeflateRaw, Gzip } from './transform.ts';
import { type Compress, type CompressSync, compressor, compressorSync } from './whole.ts';

export { Encoder, type EncoderOptions, type FormatName } from './encoder.ts';
export { type CompressOptions, constants, type Input, type Mode, type StreamOptions } from './options.ts';
export { type Compressing, Deflate, DeflateRaw, Gzip } from './transform.ts';
export { SlzCompressionStream, type WebOptions } from './web.ts';
export type { Callback, Compress, CompressSync, WholeOptions } from './whole.ts';

/** Compresses a whole body to gzip at once.
 *
 * @example
 * ```js
 * import { gzipSync } from 'sluice/gzip';
 *
 * const page = gzipSync('<p>hello</p>'.repeat(1000), { mode: 'fast' });
 * console.log(page.length < 300); // true
 * ```
 */
export const gzipSync: CompressSync = compressorSync('gzip');

/** Compresses a whole body to zlib's format, which HTTP calls deflate, at once. */
export const deflateSync: CompressSync = compressorSync('deflate');

/** Compresses a whole body to raw deflate at once. */
export const deflateRawSync: CompressSync = compressorSync('deflate-raw');

/** Compresses a whole body to gzip; a promise, or node:zlib's callback.
 *
 * @example
 * ```js
 * import { gzip } from 'sluice/gzip';
 *
 * const packed = await gzip('to be or not to be');
 * console.log(packed[0] === 0x1f && packed[1] === 0x8b); // true
 *
 * gzip('to be or not to be', { level: 1 }, (error, result) => console.log(error, result.length < 40)); // null true
 * ```
 */
export const gzip: Compress = compressor('gzip');

/** As `gzip`, to zlib's format. */
export const deflate: Compress = compressor('deflate');

/** As `gzip`, to raw deflate. */
export const deflateRaw: Compress = compressor('deflate-raw');

/** A Transform in place of node:zlib's.
 *
 * @example
 * ```js
 * import { Readable } from 'node:stream';
 * import { createGzip } from 'sluice/gzip';
 *
 * let length = 0;
 * for await (const piece of Readable.from(['one\n', 'two\n']).pipe(createGzip({ level: 1 }))) length += piece.length;
 * console.log(length < 40); // true
 * ```
 */
export function createGzip(options?: StreamOptions | null): Gzip {
  return new Gzip(options);
}

/** As createGzip, for zlib's format. */
export function createDeflate(options?: StreamOptions | null): Deflate {
  return new Deflate(options);
}

/** As createGzip, for raw deflate. */
export function createDeflateRaw(options?: StreamOptions | null): DeflateRaw {
  return new DeflateRaw(options);
}
