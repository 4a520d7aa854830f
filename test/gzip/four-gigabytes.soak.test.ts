/** Bodies beyond 4 GiB, where gzip's own count of bytes wraps (RFC 1952, 2.3.1), and inputs beyond 2 GiB in one call, where
 * an int would. gzip(1) checks the checksum and the wrapped length and says how many bytes there really were.
 */

import { constants as bufferConstants } from 'node:buffer';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { freemem } from 'node:os';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { expect, test } from 'vitest';
import { createGzip, Encoder, gzipSync, type Mode, SlzCompressionStream } from '../../src/gzip/index.ts';

const GIB = 2 ** 30;
const text = Buffer.alloc(1 << 20, 'GET /index.html HTTP/1.1\r\nhost: example.org\r\n\r\n');

/** How many bytes gzip(1) makes of <packed>; it ends with 1 when the trailer does not fit them. */
async function unpackedLength(packed: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<number> {
  const gunzip = spawn('gzip', ['-dc'], { stdio: ['pipe', 'pipe', 'inherit'] });
  let length = 0;
  gunzip.stdout.on('data', (piece: Buffer) => {
    length += piece.length;
  });
  const ended = once(gunzip, 'close');
  await pipeline(Readable.from(packed, { objectMode: false }), gunzip.stdin);
  const [status] = await ended;
  expect(status).toBe(0);
  return length;
}

/** <length> bytes of text in pieces of a megabyte. */
function* pieces(length: number): Generator<Buffer> {
  for (let left = length; left > 0; left -= text.length) yield text.subarray(0, Math.min(left, text.length));
}

test.each<Mode>(['fast', 'balanced', 'store'])(
  'a stream of 4 GiB and 5000 bytes in mode %s',
  async (mode) => {
    const length = 4 * GIB + 5000;
    const stream = Readable.from(pieces(length)).pipe(createGzip({ mode }));
    let trailer = Buffer.alloc(0);
    async function* watched() {
      for await (const piece of stream) {
        trailer = Buffer.concat([trailer, piece as Buffer]).subarray(-4);
        yield piece as Buffer;
      }
    }
    expect(await unpackedLength(watched())).toBe(length);
    expect(trailer.readUInt32LE(0)).toBe(5000);
    expect(stream.bytesWritten).toBe(length);
  },
);

test('a web stream of 4 GiB and one byte', async () => {
  const length = 4 * GIB + 1;
  const packed = Readable.toWeb(Readable.from(pieces(length))).pipeThrough(new SlzCompressionStream('gzip'));
  expect(await unpackedLength(packed as AsyncIterable<Uint8Array>)).toBe(length);
});

test('the longest Buffer there is, at once', async ({ skip }) => {
  if (freemem() < 13 * GIB) skip('needs 13 GB of memory');
  const body = Buffer.alloc(bufferConstants.MAX_LENGTH, text);
  expect(await unpackedLength([gzipSync(body, { mode: 'fast' })])).toBe(body.length);
  const tooLarge = expect.objectContaining({ code: 'ERR_BUFFER_TOO_LARGE' });
  expect(() => gzipSync(body, { mode: 'store' })).toThrow(tooLarge);
  const small = Buffer.alloc(1000);
  const tooSmall = expect.objectContaining({ code: 'ERR_BUFFER_TOO_SMALL' });
  expect(() => new Encoder().encode(body, small)).toThrow(tooSmall);
});

test.for<Mode>(['fast', 'store'])('3 GiB in one call of the Encoder, in mode %s', async (mode, { skip }) => {
  if (freemem() < 8 * GIB) skip('needs 8 GB of memory');
  const body = Buffer.alloc(3 * GIB, text);
  const output = Buffer.alloc(Encoder.bound(body.length));
  const length = new Encoder({ mode }).encode(body, output, 0, 'finish');
  async function* slices() {
    for (let at = 0; at < length; at += 1 << 24) yield output.subarray(at, Math.min(length, at + (1 << 24)));
  }
  expect(await unpackedLength(slices())).toBe(body.length);
});
