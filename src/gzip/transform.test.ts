/** One list of expectations for node:zlib's streams and for ours: that they hold for both is what "drop-in" means. */
import { once } from 'node:events';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import * as zlib from 'node:zlib';
import { describe, expect, test } from 'vitest';
import * as ours from './index.ts';

/** As much of the two as the list needs; that both fit is checked by the compiler. */
type Packer = zlib.Gzip & zlib.ZlibParams & zlib.ZlibReset;
type Options = {
  level?: number;
  flush?: number;
  finishFlush?: number;
  highWaterMark?: number;
  chunkSize?: number;
  signal?: AbortSignal;
};
const makers: [string, Record<'gzip' | 'deflate' | 'deflateRaw', (options?: Options) => Packer>][] = [
  [
    'node:zlib',
    {
      gzip: zlib.createGzip as (options?: Options) => Packer, // its types forget params() and reset()
      deflate: zlib.createDeflate,
      deflateRaw: zlib.createDeflateRaw,
    },
  ],
  ['ours', { gzip: ours.createGzip, deflate: ours.createDeflate, deflateRaw: ours.createDeflateRaw }],
];
const soFar = { finishFlush: zlib.constants.Z_SYNC_FLUSH };
const line = Buffer.from('GET /index.html HTTP/1.1\r\nhost: example.org\r\n\r\n');

function collect(packer: Packer): Buffer[] {
  const pieces: Buffer[] = [];
  packer.on('data', (piece: Buffer) => pieces.push(piece));
  return pieces;
}

function flushed(packer: Packer, kind?: number): Promise<void> {
  return new Promise((done) => (kind === undefined ? packer.flush(done) : packer.flush(kind, done)));
}

describe.each(makers)('%s', (_name, make) => {
  test.each([
    ['gzip', zlib.gunzipSync],
    ['deflate', zlib.inflateSync],
    ['deflateRaw', zlib.inflateRawSync],
  ] as const)('%s takes writes of every size', async (format, decode) => {
    const packer = make[format]();
    const pieces = collect(packer);
    const sizes = [1, 10, 0, 100, 5000, 65_535, 1, 65_536, 200_000, 3];
    const inputs = sizes.map((size) => Buffer.alloc(size, line));
    for (const input of inputs) packer.write(input);
    packer.end('the end', 'utf8');
    await once(packer, 'end');
    const whole = Buffer.concat([...inputs, Buffer.from('the end')]);
    expect(decode(Buffer.concat(pieces)).equals(whole)).toBe(true);
    expect(packer.bytesWritten).toBe(whole.length);
  });

  test('says finish, end and close, once each', async () => {
    const packer = make.gzip();
    const events: string[] = [];
    for (const name of ['finish', 'end', 'close', 'error']) packer.on(name, () => events.push(name));
    packer.resume();
    packer.end(line);
    await once(packer, 'close');
    expect(events.sort()).toEqual(['close', 'end', 'finish']);
  });

  test('an empty stream is a whole one', async () => {
    const packer = make.gzip();
    const pieces = collect(packer);
    packer.end();
    await once(packer, 'end');
    expect(zlib.gunzipSync(Buffer.concat(pieces))).toHaveLength(0);
    expect(packer.bytesWritten).toBe(0);
  });

  test.each([undefined, 1, 2, 3])('flush(%s) sends on all that was written', async (kind) => {
    const packer = make.gzip();
    const pieces = collect(packer);
    for (let count = 1; count <= 3; count++) {
      packer.write(line);
      await flushed(packer, kind);
      const text = zlib.gunzipSync(Buffer.concat(pieces), soFar);
      expect(text).toHaveLength(line.length * count);
    }
    packer.end();
    await once(packer, 'end');
    expect(zlib.gunzipSync(Buffer.concat(pieces))).toHaveLength(line.length * 3);
  });

  test.each([2, 3])('flush(%i) ends with the mark that RFC 7692 cuts off, once', async (kind) => {
    const bodies = [
      '',
      'x',
      'data: {}\n\n'.repeat(30),
      Buffer.from([1, 0, 0, 255, 255]),
      Buffer.alloc(70_000, line),
    ];
    for (const level of [0, 1, 6]) {
      const packer = make.deflateRaw({ level });
      const pieces = collect(packer);
      for (const body of bodies) {
        packer.write(body);
        await flushed(packer, kind);
        const output = Buffer.concat(pieces);
        expect(output.subarray(-4).toString('hex')).toBe('0000ffff');
        await flushed(packer, kind);
        expect(Buffer.concat(pieces)).toHaveLength(output.length);
        pieces.splice(
          0,
          pieces.length,
          Buffer.concat([output.subarray(0, -4), Buffer.from([0, 0, 255, 255])]),
        );
      }
      packer.end();
      await once(packer, 'end');
      const whole = Buffer.concat(bodies.map((body) => Buffer.from(body as string)));
      expect(zlib.inflateRawSync(Buffer.concat(pieces)).equals(whole)).toBe(true);
    }
  });

  test('_processChunk compresses at once, for those who build on it', async () => {
    const packer = make.gzip() as Packer & { _processChunk(chunk: Buffer, kind: number): Buffer };
    const body = Buffer.alloc(1_000_000, line);
    const handle = (packer as unknown as { _handle: { close(): void } })._handle;
    const { close } = handle;
    const output: Buffer[] = [];
    for (const kind of [0, 2, 4]) {
      handle.close = () => {}; // node:zlib would close after each
      const { close: closeStream } = packer;
      packer.close = () => {};
      output.push(Buffer.from(packer._processChunk(body, kind)));
      (packer as unknown as { _handle: unknown })._handle = handle;
      packer.close = closeStream;
    }
    handle.close = close;
    packer.close();
    expect(zlib.gunzipSync(Buffer.concat(output)).equals(Buffer.concat([body, body, body]))).toBe(true);
  });

  test('flush keeps its place among writes', async () => {
    const packer = make.deflateRaw();
    const pieces = collect(packer);
    const seen: number[] = [];
    const look = () => seen.push(zlib.inflateRawSync(Buffer.concat(pieces), soFar).length);
    packer.write(line);
    packer.flush(2, look);
    packer.write(line);
    packer.flush(look);
    packer.end();
    await once(packer, 'end');
    expect(seen).toEqual([line.length, 2 * line.length]);
  });

  test('a flush is heard of before what is written and ended in the same turn', async () => {
    const packer = make.deflateRaw();
    const pieces = collect(packer);
    const heard: string[] = [];
    const decoded = (): string => zlib.inflateRawSync(Buffer.concat(pieces), soFar).toString();
    packer.write('one ', () => heard.push('written'));
    packer.flush(() => heard.push(decoded()));
    packer.write('two ');
    packer.flush(() => heard.push(decoded()));
    packer.end('three', () => heard.push('ended'));
    await once(packer, 'end');
    expect(heard.slice(0, 3)).toEqual(['written', 'one ', 'one two ']);
    expect(decoded()).toBe('one two three');
  });

  test('flush after the end calls back, whether the end was read or not', async () => {
    const packer = make.gzip();
    packer.end(line);
    const early = flushed(packer);
    packer.resume();
    await early;
    await flushed(packer);
  });

  test('a kind of flush that does not exist throws', () => {
    const packer = make.gzip({});
    expect(() => make.gzip({ flush: 9 })).toThrow(RangeError);
    expect(() => make.gzip({ finishFlush: -1 })).toThrow(RangeError);
    expect(() => make.gzip({ level: 12 })).toThrow(RangeError);
    packer.destroy();
  });

  test.each([
    [{ level: 10 }, 'ERR_OUT_OF_RANGE'],
    [{ level: 'fast' }, 'ERR_INVALID_ARG_TYPE'],
    [{ chunkSize: 10 }, 'ERR_OUT_OF_RANGE'],
    [{ memLevel: 0 }, 'ERR_OUT_OF_RANGE'],
    [{ strategy: 5 }, 'ERR_OUT_OF_RANGE'],
    [{ windowBits: 16 }, 'ERR_OUT_OF_RANGE'],
    [{ flush: '2' }, 'ERR_INVALID_ARG_TYPE'],
  ])('%j is refused', (options, code) => {
    for (const create of [make.gzip, make.deflate, make.deflateRaw])
      expect(() => create(options as Options)).toThrow(expect.objectContaining({ code }));
  });

  test('reads in any way: by pieces asked for, as text, by for await', async () => {
    const body = Buffer.alloc(300_000, line);
    const byPieces = make.gzip();
    byPieces.end(body);
    const pieces: Buffer[] = [];
    byPieces.on('readable', () => {
      for (let piece = byPieces.read(10); piece !== null; piece = byPieces.read(10)) pieces.push(piece);
      const rest = byPieces.read();
      if (rest !== null) pieces.push(rest);
    });
    await once(byPieces, 'end');
    expect(zlib.gunzipSync(Buffer.concat(pieces)).equals(body)).toBe(true);
    const asText = make.gzip();
    let text = '';
    asText.setEncoding('base64');
    asText.end(body);
    for await (const piece of asText) text += piece;
    expect(zlib.gunzipSync(Buffer.from(text, 'base64')).equals(body)).toBe(true);
  });

  test('takes text in any encoding, and corked writes at once', async () => {
    const packer = make.deflate();
    const pieces = collect(packer);
    packer.cork();
    packer.write('é', 'latin1');
    packer.write('0d0a', 'hex');
    packer.write('é');
    packer.uncork();
    packer.end('4p yTw==', 'base64');
    await once(packer, 'end');
    const expected = ['é', '0d0a', 'é', '4p yTw=='].map((text, at) =>
      Buffer.from(text, (['latin1', 'hex', 'utf8', 'base64'] as const)[at]),
    );
    expect(zlib.inflateSync(Buffer.concat(pieces)).equals(Buffer.concat(expected))).toBe(true);
  });

  test('a signal aborts it', async () => {
    const abort = new AbortController();
    const packer = make.gzip({ signal: abort.signal });
    const fault = once(packer, 'error');
    packer.write(line);
    abort.abort();
    expect(await fault).toEqual([expect.objectContaining({ code: 'ABORT_ERR' })]);
    expect(packer.destroyed).toBe(true);
  });

  test('options.flush follows every write', async () => {
    const packer = make.gzip({ flush: zlib.constants.Z_SYNC_FLUSH });
    const pieces = collect(packer);
    await new Promise((done) => packer.write(line, done));
    expect(zlib.gunzipSync(Buffer.concat(pieces), soFar).equals(line)).toBe(true);
    packer.destroy();
  });

  test('options.finishFlush leaves the stream open', async () => {
    const packer = make.gzip({ finishFlush: zlib.constants.Z_SYNC_FLUSH });
    const pieces = collect(packer);
    packer.end(line);
    await once(packer, 'end');
    const output = Buffer.concat(pieces);
    expect(zlib.gunzipSync(output, soFar).equals(line)).toBe(true);
    expect(() => zlib.gunzipSync(output)).toThrow(/unexpected end/);
  });

  test('params() changes what comes after it', async () => {
    const packer = make.deflate({ level: 9 }); // node's gzip ignores params()
    const pieces = collect(packer);
    const length = () => pieces.reduce((sum, piece) => sum + piece.length, 0);
    const body = Buffer.alloc(50_000, line);
    packer.write(body);
    await new Promise<void>((done) => packer.params(0, 0, () => done()));
    const packed = length();
    expect(packed).toBeLessThan(body.length / 10);
    packer.end(body);
    await once(packer, 'end');
    expect(length() - packed).toBeGreaterThan(body.length);
    expect(zlib.inflateSync(Buffer.concat(pieces)).equals(Buffer.concat([body, body]))).toBe(true);
  });

  test('20 MB wait for a slow reader', async () => {
    const packer = make.gzip({ level: 0 });
    const inputs = Array.from({ length: 320 }, (_, at) => Buffer.alloc(65_536, `${at} ${line}`));
    let most = 0;
    const pieces: Buffer[] = [];
    const slow = new Writable({
      write(piece: Buffer, _encoding, done) {
        pieces.push(piece);
        most = Math.max(most, packer.readableLength);
        setImmediate(done);
      },
    });
    await pipeline(Readable.from(inputs, { highWaterMark: 1 }), packer, slow);
    expect(most).toBeLessThan(1_000_000);
    expect(zlib.gunzipSync(Buffer.concat(pieces)).equals(Buffer.concat(inputs))).toBe(true);
  });

  test('one chunk of 20 MB waits too', async () => {
    const packer = make.gzip({ level: 0 });
    const body = Buffer.alloc(20_000_000, line);
    packer.end(body);
    await once(packer, 'readable');
    expect(packer.bytesWritten).toBeLessThan(2_000_000);
    const pieces: Buffer[] = [];
    for await (const piece of packer) pieces.push(piece as Buffer);
    expect(zlib.gunzipSync(Buffer.concat(pieces)).equals(body)).toBe(true);
    expect(packer.bytesWritten).toBe(body.length);
  });

  test('write says when to wait, and drain follows', async () => {
    const packer = make.gzip({ level: 0, highWaterMark: 1000 });
    let count = 1;
    while (packer.write(Buffer.alloc(70_000))) count++;
    expect(count).toBeLessThan(5);
    packer.resume();
    await once(packer, 'drain');
    packer.destroy();
  });

  test('write after end is an error', async () => {
    const packer = make.gzip();
    packer.resume();
    packer.end(line);
    const fault = once(packer, 'error');
    packer.write(line);
    expect(await fault).toEqual([expect.objectContaining({ code: 'ERR_STREAM_WRITE_AFTER_END' })]);
  });

  test('what is no bytes throws', () => {
    const packer = make.gzip();
    expect(() => packer.write(7 as unknown as string)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    );
    expect(() => packer.write(null)).toThrow(expect.objectContaining({ code: 'ERR_STREAM_NULL_VALUES' }));
    packer.destroy();
  });

  test('destroy in the middle of a write ends quietly; end, flush and close after it too', async () => {
    const packer = make.gzip({ level: 0 });
    packer.on('error', () => {});
    packer.write(Buffer.alloc(3_000_000));
    await once(packer, 'readable');
    packer.destroy();
    await once(packer, 'close');
    expect(packer.readableEnded).toBe(false);
    packer.end();
    packer.flush();
    packer.close();
  });

  test('destroy with an error says it', async () => {
    const packer = make.gzip();
    const fault = once(packer, 'error');
    packer.write(line);
    packer.destroy(new Error('of the test'));
    expect(await fault).toEqual([new Error('of the test')]);
  });

  test('close calls back', async () => {
    const packer = make.gzip();
    await new Promise<void>((done) => packer.close(() => done()));
    expect(packer.destroyed).toBe(true);
  });

  test('reset begins again', async () => {
    const packer = make.gzip();
    const pieces = collect(packer);
    packer.write(line);
    await flushed(packer);
    pieces.length = 0;
    packer.reset();
    packer.end('another');
    await once(packer, 'end');
    expect(zlib.gunzipSync(Buffer.concat(pieces)).toString()).toBe('another');
  });
});
