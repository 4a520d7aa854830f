/** What our streams promise beyond node:zlib's. */
import { once } from 'node:events';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import * as zlib from 'node:zlib';
import { expect, test } from 'vitest';
import * as ours from './index.ts';

const line = Buffer.from('GET /index.html HTTP/1.1\r\nhost: example.org\r\n\r\n');

function collect(packer: ours.Compressing): Buffer[] {
  const pieces: Buffer[] = [];
  packer.on('data', (piece: Buffer) => pieces.push(piece));
  return pieces;
}

test('a chunk that was transferred away is an error', async () => {
  const packer = ours.createGzip();
  const bytes = new Uint8Array(100);
  const chunk = Buffer.from(bytes.buffer);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  const fault = once(packer, 'error');
  packer.write(chunk);
  expect(await fault).toEqual([expect.objectContaining({ code: 'ERR_INVALID_STATE' })]);
});

test('a chunk may lie in shared memory', async () => {
  const chunk = new Uint8Array(new SharedArrayBuffer(200_000)).fill(7);
  for (const write of [chunk, chunk.subarray(0, 100)]) {
    const packer = ours.createGzip();
    const pieces = collect(packer);
    packer.end(write);
    await once(packer, 'end');
    expect(zlib.gunzipSync(Buffer.concat(pieces)).equals(write)).toBe(true);
  }
});

test('after flush(Z_FINISH) only the end may follow', async () => {
  const packer = ours.createGzip();
  const pieces = collect(packer);
  packer.write(line);
  await new Promise<void>((done) => packer.flush(ours.constants.Z_FINISH, () => done()));
  expect(zlib.gunzipSync(Buffer.concat(pieces)).equals(line)).toBe(true);
  const fault = once(packer, 'error');
  packer.write(line);
  expect(await fault).toEqual([expect.objectContaining({ code: 'ERR_INVALID_STATE' })]);
});

test('small writes are collected: as short as one large write', async () => {
  const [many, one] = [ours.createGzip(), ours.createGzip()];
  const [manyPieces, onePiece] = [collect(many), collect(one)];
  for (let count = 0; count < 500; count++) many.write(line);
  one.write(Buffer.alloc(500 * line.length, line));
  many.end();
  one.end();
  await Promise.all([once(many, 'end'), once(one, 'end')]);
  expect(Buffer.concat(manyPieces).equals(Buffer.concat(onePiece))).toBe(true);
});

test('a written buffer may be used again once its write is done', async () => {
  const packer = ours.createGzip();
  const pieces = collect(packer);
  const buffer = Buffer.from('first ');
  await new Promise((done) => packer.write(buffer, done));
  buffer.fill('x');
  packer.end('second');
  await once(packer, 'end');
  expect(zlib.gunzipSync(Buffer.concat(pieces)).toString()).toBe('first second');
});

test('what listeners and callbacks throw is theirs, and the stream goes on', async () => {
  const others = process.listeners('uncaughtException');
  const thrown: unknown[] = [];
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => thrown.push(error));
  try {
    const packer = ours.createGzip();
    const pieces: Buffer[] = [];
    packer.on('data', (piece: Buffer) => {
      pieces.push(piece);
      if (pieces.length === 1) throw new Error('of the listener');
    });
    packer.write(Buffer.alloc(100_000, line));
    packer.flush(() => {
      throw new Error('of the callback');
    });
    packer.end(line);
    await once(packer, 'end');
    const whole = Buffer.concat([Buffer.alloc(100_000, line), line]);
    expect(zlib.gunzipSync(Buffer.concat(pieces)).equals(whole)).toBe(true);
    expect(thrown).toEqual([new Error('of the listener'), new Error('of the callback')]);
  } finally {
    process.removeAllListeners('uncaughtException');
    for (const other of others) process.on('uncaughtException', other);
  }
});

test.each([262_141, 1_000_000, 8 << 20])(
  'chunks of %i bytes never stop before a reader that rests',
  async (length) => {
    // The last slice of the first is one byte: it is kept, and gives nothing to the reader who asked.
    const chunk = Buffer.alloc(length, line);
    const chunks = Math.ceil(20e6 / length);
    let got = 0;
    const sink = new Writable({
      write(piece: Buffer, _encoding, done) {
        got += piece.length;
        setImmediate(done);
      },
    });
    const source = Readable.from(Array.from({ length: chunks }, () => chunk));
    await pipeline(source, ours.createGzip(), zlib.createGunzip({ chunkSize: 1 << 20 }), sink);
    expect(got).toBe(chunks * length);
  },
);
