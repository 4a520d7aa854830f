/** The low-level encoder: streams of calls in every order, and what it refuses without harm. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { constants, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Encoder, type Mode } from './index.ts';

const decoders = { gzip: gunzipSync, deflate: inflateSync, 'deflate-raw': inflateRawSync } as const;
const modes = ['store', 'fast', 'balanced'] as const;
const text = Buffer.from('the quick brown proxy jumps over the lazy server; '.repeat(40));

/** What the output so far says, without its end. */
function decodedSoFar(output: Buffer): Buffer {
  return gunzipSync(output, { finishFlush: constants.Z_SYNC_FLUSH });
}

test('a stream of any calls gives back its input, within the sum of its bounds', () => {
  const step = fc.record({
    bytes: fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.integer({ min: 0, max: 70_000 }).map((length) => Buffer.alloc(length, text)),
    ),
    after: fc.constantFrom('more', 'flush', 'mark'),
    mode: fc.constantFrom<Mode>(...modes),
  });
  const format = fc.constantFrom('gzip', 'deflate', 'deflate-raw');
  fc.assert(
    fc.property(format, fc.array(step, { maxLength: 8 }), fc.boolean(), (format, steps, endsInEncode) => {
      const encoder = new Encoder({ format });
      const most = ({ bytes, after }: (typeof steps)[number]): number =>
        Encoder.bound(bytes.length) + (after === 'mark' ? Encoder.MARK_LENGTH : 0);
      const room = steps.reduce((sum, step) => sum + most(step), Encoder.bound(0) * 2);
      const out = Buffer.alloc(room);
      let at = 0;
      for (const { bytes, after, mode } of steps) {
        encoder.mode = mode;
        const length = encoder.encode(bytes, out, at, after);
        expect(length).toBeLessThanOrEqual(most({ bytes, after, mode }));
        at += length;
        if (after === 'mark') expect(out.readUInt32BE(at - 4)).toBe(0xffff);
      }
      at += endsInEncode ? encoder.encode(text.subarray(0, 0), out, at, 'finish') : encoder.finish(out, at);
      const input = Buffer.concat(steps.map(({ bytes }) => bytes));
      expect(decoders[format](out.subarray(0, at)).equals(input)).toBe(true);
    }),
    { numRuns: 150 },
  );
});

test('a flush makes all so far decodable; a second one costs nothing', () => {
  const encoder = new Encoder({ mode: 'fast' });
  const out = Buffer.alloc(10_000);
  let at = encoder.encode(text, out);
  at += encoder.flush(out, at);
  expect(decodedSoFar(out.subarray(0, at)).equals(text)).toBe(true);
  expect(encoder.flush(out, at)).toBe(0);
});

test('restart begins another stream, wherever the first one stood', () => {
  const encoder = new Encoder({ format: 'deflate' });
  const out = Buffer.alloc(10_000);
  const whole = Buffer.from(out.subarray(0, encoder.encode(text, out, 0, 'finish')));
  for (const then of ['more', 'flush', 'finish'] as const) {
    encoder.restart();
    encoder.encode(text.subarray(9), out, 0, then);
    encoder.restart();
    expect(out.subarray(0, encoder.encode(text, out, 0, 'finish')).equals(whole)).toBe(true);
  }
});

test('the bound is exact for noise in gzip', () => {
  for (const length of [0, 1, 1000, 65_535, 65_536, 200_000]) {
    const bytes = crypto.getRandomValues(new Uint8Array(Math.min(length, 65_536)));
    const noise = Buffer.alloc(length, bytes.length > 0 ? bytes : 0);
    const out = new Uint8Array(Encoder.bound(length));
    const packed = out.subarray(0, new Encoder({ mode: 'store' }).encode(noise, out, 0, 'finish'));
    expect(gunzipSync(packed).equals(noise)).toBe(true);
    expect(Encoder.bound(length)).toBe(length + 5 * Math.max(1, Math.ceil(length / 65_535)) + 18);
  }
});

describe('refuses, and leaves the stream as it was', () => {
  const output = Buffer.alloc(10_000);
  const gone = new Uint8Array(8);
  structuredClone(gone.buffer, { transfer: [gone.buffer] });
  const own = Buffer.alloc(9000);
  test.each<[string, unknown, unknown, unknown, string]>([
    ['input that is no Uint8Array', 'text', output, 0, 'ERR_INVALID_ARG_VALUE'],
    ['16-bit input', new Uint16Array(4), output, 0, 'ERR_INVALID_ARG_VALUE'],
    ['no output', text, undefined, 0, 'ERR_INVALID_ARG_VALUE'],
    ['an offset beyond the output', text, output, 10_001, 'ERR_INVALID_ARG_VALUE'],
    ['a negative offset', text, output, -1, 'ERR_INVALID_ARG_VALUE'],
    ['an offset beyond any memory', text, output, 2 ** 40, 'ERR_INVALID_ARG_VALUE'],
    ['an endless offset', text, output, Number.POSITIVE_INFINITY, 'ERR_INVALID_ARG_VALUE'],
    ['an offset as text', text, output, '0', 'ERR_INVALID_ARG_VALUE'],
    ['an ArrayBuffer as output', text, new ArrayBuffer(9000), 0, 'ERR_INVALID_ARG_VALUE'],
    ['half an offset', text, output, 0.5, 'ERR_INVALID_ARG_VALUE'],
    ['an offset that is no number', text, output, NaN, 'ERR_INVALID_ARG_VALUE'],
    [
      'an output without room',
      text,
      output.subarray(0, Encoder.bound(text.length) - 1),
      0,
      'ERR_BUFFER_TOO_SMALL',
    ],
    ['the room after an offset', text, output, 9000, 'ERR_BUFFER_TOO_SMALL'],
    ['output over input', own.subarray(100, 200), own, 0, 'ERR_INVALID_ARG_VALUE'],
    ['detached input', gone, output, 0, 'ERR_INVALID_STATE'],
    ['detached output', text, gone, 0, 'ERR_INVALID_STATE'],
  ])('%s', (_what, input, out, at, code) => {
    const encoder = new Encoder();
    const begun = encoder.encode(text, output, 0);
    const call = () => encoder.encode(input as Uint8Array, out as Uint8Array, at as number);
    expect(call).toThrow(expect.objectContaining({ code }));
    const end = begun + encoder.finish(output, begun);
    expect(gunzipSync(output.subarray(0, end)).equals(text)).toBe(true);
  });

  test.each<[string, (encoder: Encoder) => unknown]>([
    ['encode', (encoder) => encoder.encode(text, output)],
    ['an empty encode', (encoder) => encoder.encode(text.subarray(0, 0), output)],
    ['flush', (encoder) => encoder.flush(output)],
    ['finish', (encoder) => encoder.finish(output)],
  ])('%s after the end', (_what, call) => {
    const encoder = new Encoder();
    encoder.encode(text, output, 0, 'finish');
    expect(() => call(encoder)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_STATE' }));
  });

  test('formats and modes that do not exist', () => {
    expect(() => new Encoder({ format: 'br' as 'gzip' })).toThrow(
      /'gzip', 'deflate' or 'deflate-raw'; got br/,
    );
    expect(() => new Encoder({ mode: 'best' as Mode })).toThrow(/'fast', 'balanced' or 'store'/);
    for (const length of [-1, 0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => Encoder.bound(length)).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }));
    expect(() => Encoder.bound('1' as unknown as number)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    );
    expect(Encoder.bound(2 ** 40)).toBeGreaterThan(2 ** 40);
    const then = 'later' as unknown as 'more';
    expect(() => new Encoder().encode(text, output, 0, then)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }),
    );
  });
});

test('memory that another thread writes to meanwhile gives some output, always a whole one', async () => {
  const scribble = `
    const { workerData: bytes } = require('node:worker_threads');
    for (let at = 0; Atomics.load(bytes, 0) !== 255; at = (at + 7919) % bytes.length) {
      if (at > 0) bytes[at] = (bytes[at] * 5 + 97) & 127;
    }`;
  const bytes = new Uint8Array(new SharedArrayBuffer(70_000));
  const output = Buffer.alloc(Encoder.bound(bytes.length));
  const shared = new Uint8Array(new SharedArrayBuffer(output.length));
  const workers = [bytes, shared].map((workerData) => new Worker(scribble, { eval: true, workerData }));
  await Promise.all(workers.map((worker) => once(worker, 'online')));
  for (let count = 0; count < 60; count++) {
    const mode = modes[count % modes.length] as Mode;
    const length = new Encoder({ mode }).encode(bytes, output, 0, 'finish');
    expect(gunzipSync(output.subarray(0, length))).toHaveLength(bytes.length);
    expect(new Encoder({ mode }).encode(text, shared, 0, 'finish')).toBeLessThan(
      Encoder.bound(text.length) + 1,
    );
  }
  for (const memory of [bytes, shared]) Atomics.store(memory, 0, 255);
  await Promise.all(workers.map((worker) => once(worker, 'exit')));
});

test('shared memory may be input and output', () => {
  const input = new Uint8Array(new SharedArrayBuffer(text.length));
  input.set(text);
  const output = new Uint8Array(new SharedArrayBuffer(Encoder.bound(text.length)));
  for (const mode of modes) {
    const length = new Encoder({ mode }).encode(input, output, 0, 'finish');
    expect(gunzipSync(Buffer.from(output.subarray(0, length))).equals(text)).toBe(true);
  }
});
