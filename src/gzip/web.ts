/** The encoder as a web stream, in place of CompressionStream: the platform's own has no mode, and holds a response's
 * first bytes back until its end. Each instance owns one stream's pieces.
 */
import { TransformStream } from 'node:stream/web';
import { setImmediate as turn } from 'node:timers/promises';
import { isAnyArrayBuffer, isArrayBufferView } from 'node:util/types';
import { type FormatName, formatNumber } from './encoder.ts';
import { bytesOf, type CompressOptions, chosenMode, modeName, typeFault } from './options.ts';
import { Pieces, SLICE_LEN } from './pieces.ts';

export interface WebOptions extends CompressOptions {
  /** Every chunk becomes decodable at once, as for server-sent events; otherwise small ones are collected. */
  flushEach?: boolean | undefined;
}

/** Compresses what is written to `writable`; a drop-in for CompressionStream.
 *
 * @example
 * ```js
 * import { SlzCompressionStream } from 'sluice/gzip';
 *
 * const page = new Blob(['<p>hello</p>'.repeat(1000)]).stream();
 * const packed = page.pipeThrough(new SlzCompressionStream('gzip', { mode: 'fast' }));
 * const plain = packed.pipeThrough(new DecompressionStream('gzip'));
 * console.log((await new Response(plain).text()).length); // 12000
 * ```
 */
export class SlzCompressionStream {
  /** The platform's own types, so that it fits whatever else is piped there. */
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly writable: WritableStream<ArrayBufferLike | ArrayBufferView>;

  constructor(format: FormatName, options: WebOptions = {}) {
    formatNumber(format);
    const pieces = new Pieces({ format, mode: modeName(chosenMode(options)) });
    const stream = new TransformStream<ArrayBufferLike | ArrayBufferView, Uint8Array>({
      async transform(chunk, controller) {
        if (!isArrayBufferView(chunk) && !isAnyArrayBuffer(chunk))
          throw typeFault('chunk', 'an ArrayBuffer, a typed array or a DataView', chunk);
        const bytes = bytesOf(chunk, 'chunk');
        for (let at = 0; ; ) {
          const end = Math.min(bytes.length, at + SLICE_LEN);
          const out = pieces.take(bytes, at, end);
          if (out.length > 0) controller.enqueue(out);
          if (end === bytes.length) break;
          at = end;
          await turn();
        }
        const out = options.flushEach ? pieces.flush() : undefined;
        if (out !== undefined && out.length > 0) controller.enqueue(out);
      },
      flush(controller) {
        controller.enqueue(pieces.finish());
      },
    });
    this.readable = stream.readable as ReadableStream;
    this.writable = stream.writable as WritableStream;
  }
}
