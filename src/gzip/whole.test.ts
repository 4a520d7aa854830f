/** Whole bodies: every size, mode and format comes back through decoders that are not ours. */
import { spawnSync } from 'node:child_process';
import { gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import * as ours from './index.ts';
import { Encoder, type Input, type Mode } from './index.ts';

const formats = [
  ['gzip', ours.gzipSync, ours.gzip, gunzipSync],
  ['deflate', ours.deflateSync, ours.deflate, inflateSync],
  ['deflateRaw', ours.deflateRawSync, ours.deflateRaw, inflateRawSync],
] as const;
const modes: Mode[] = ['store', 'fast', 'balanced'];
const sizes = [
  0, 1, 2, 15, 16, 17, 100, 1000, 4096, 32_768, 65_534, 65_535, 65_536, 131_070, 262_141, 1_000_003,
];

/** Words that repeat, of a fixed pseudo-random order. */
function text(length: number): Buffer {
  const words = [
    'proxy ',
    'frontend ',
    'backend\n',
    'é',
    '<li class="x">',
    'server s1 10.0.0.1:8080 check\n',
  ];
  let out = '';
  for (let seed = 7; out.length < length; seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648)
    out += words[(seed >> 8) % words.length];
  return Buffer.from(out).subarray(0, length);
}

function noise(length: number): Buffer {
  const out = Buffer.alloc(length);
  let seed = 1;
  for (let at = 0; at < length; at++) {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    out[at] = seed >>> 24;
  }
  return out;
}

const bodies = [
  ['text', text(1_000_003)],
  ['noise', noise(1_000_003)],
  ['zeros', Buffer.alloc(1_000_003)],
] as const;

describe.each(formats)('%s', (_name, sync, later, decode) => {
  test.each(modes)('gives back every size in mode %s', (mode) => {
    for (const [name, body] of bodies) {
      for (const size of sizes) {
        const input = body.subarray(0, size);
        const packed = sync(input, { mode });
        expect(decode(packed).equals(input), `${size} bytes of ${name}`).toBe(true);
        expect(packed.length).toBeLessThanOrEqual(Encoder.bound(size));
      }
    }
  });

  test('is the same at once, with a promise and with a callback', async () => {
    for (const size of [0, 1000, 65_535, 700_000]) {
      const input = text(size);
      const expected = sync(input);
      expect((await later(input)).equals(expected)).toBe(true);
      const called = new Promise<Buffer>((done) =>
        later(input, { level: 6 }, (_error, result) => done(result)),
      );
      expect((await called).equals(expected)).toBe(true);
    }
  });
});

test('levels are modes: 0 stores, 1 is fast, 2 and more balanced, and so is zlib’s default', () => {
  const body = text(20_000);
  const of = (mode: Mode) => ours.gzipSync(body, { mode }).toString('hex');
  expect(ours.gzipSync(body, { level: 0 }).toString('hex')).toBe(of('store'));
  expect(ours.gzipSync(body, { level: 1 }).toString('hex')).toBe(of('fast'));
  for (const level of [2, 6, 9, -1, undefined])
    expect(ours.gzipSync(body, { level }).toString('hex')).toBe(of('balanced'));
  expect(of('balanced').length).toBeLessThan(of('fast').length);
  expect(of('fast').length).toBeLessThan(of('store').length);
});

test('takes a string, any view, an ArrayBuffer and shared memory', () => {
  const bytes = Buffer.from('to be or not to be');
  const plain = new Uint8Array(bytes).buffer;
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  const inputs: Input[] = [
    'to be or not to be',
    bytes,
    plain,
    new DataView(plain),
    new Uint16Array(plain),
    shared,
  ];
  for (const input of [...inputs, shared.buffer]) expect(gunzipSync(ours.gzipSync(input))).toEqual(bytes);
});

test('Python reads it', ({ skip }) => {
  const script = 'import gzip,sys;sys.stdout.buffer.write(gzip.decompress(sys.stdin.buffer.read()))';
  const input = text(300_000);
  const run = spawnSync('python3', ['-c', script], { input: ours.gzipSync(input), maxBuffer: 1 << 24 });
  if (run.error) skip('python3 is absent');
  expect(run.stdout.equals(input)).toBe(true);
});

describe('refuses', () => {
  test.each([
    ['a number', 7, undefined, 'ERR_INVALID_ARG_TYPE', /got 7/],
    ['null', null, undefined, 'ERR_INVALID_ARG_TYPE', /got null/],
    ['a plain object', {}, undefined, 'ERR_INVALID_ARG_TYPE', /instance of Object/],
    [
      'an unknown mode',
      '',
      { mode: 'best' },
      'ERR_INVALID_ARG_VALUE',
      /'fast', 'balanced' or 'store'; got "best"/,
    ],
    ['a level beyond 9', '', { level: 10 }, 'ERR_OUT_OF_RANGE', /from -1 to 9; got 10/],
    ['half a level', '', { level: 1.5 }, 'ERR_OUT_OF_RANGE', /whole number/],
    ['a level as a word', '', { level: 'fast' }, 'ERR_INVALID_ARG_TYPE', /level must be a number/],
    ['options that are a word', '', 'fast', 'ERR_INVALID_ARG_TYPE', /options must be an object/],
    [
      'a smallest output',
      '',
      { maxOutputLength: 0 },
      'ERR_OUT_OF_RANGE',
      /maxOutputLength must be .* from 1/,
    ],
    ['a smaller window', '', { windowBits: 9 }, 'ERR_OUT_OF_RANGE', /windowBits/],
  ])('%s', async (_what, input, options, code, message) => {
    const given = [input, options] as unknown as [Input, undefined];
    const fault = expect.objectContaining({ code, message: expect.stringMatching(message) });
    expect(() => ours.gzipSync(...given)).toThrow(fault);
    await expect(ours.gzip(...given)).rejects.toThrow(fault);
    expect(() => ours.gzip(...given, () => {})).toThrow(fault);
  });

  test.each([100, 900_000])('an output longer than was allowed, of %i bytes', async (length) => {
    const fault = expect.objectContaining({ code: 'ERR_BUFFER_TOO_LARGE' });
    const body = noise(length);
    const { length: packedLen } = ours.gzipSync(body);
    expect(ours.gzipSync(body, { maxOutputLength: packedLen })).toHaveLength(packedLen);
    const options = { maxOutputLength: packedLen - 1 };
    expect(() => ours.gzipSync(body, options)).toThrow(fault);
    await expect(ours.gzip(body, options)).rejects.toThrow(fault);
    expect(await new Promise((done) => ours.gzip(body, options, done))).toEqual(fault);
  });

  test('memory that shrinks while it is compressed', async () => {
    const memory: ArrayBuffer = Reflect.construct(ArrayBuffer, [1_000_000, { maxByteLength: 1_000_000 }]);
    const waiting = ours.gzip(new Uint8Array(memory));
    (memory as unknown as { resize(length: number): void }).resize(10);
    await expect(waiting).rejects.toThrow(expect.objectContaining({ code: 'ERR_INVALID_STATE' }));
    expect(gunzipSync(ours.gzipSync(new Uint8Array(memory)))).toHaveLength(10);
    const beyond = new Uint8Array(memory, 5, 5);
    (memory as unknown as { resize(length: number): void }).resize(2);
    expect(gunzipSync(ours.gzipSync(beyond))).toHaveLength(0);
  });

  test('bytes that were transferred away', async () => {
    const fault = expect.objectContaining({ code: 'ERR_INVALID_STATE' });
    const bytes = new Uint8Array(100);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    expect(() => ours.gzipSync(bytes)).toThrow(fault);
    expect(() => ours.gzipSync(bytes.buffer)).toThrow(fault);
    const long = new Uint8Array(1_000_000);
    const waiting = ours.gzip(long);
    structuredClone(long.buffer, { transfer: [long.buffer] });
    await expect(waiting).rejects.toThrow(fault);
  });
});

test('a callback comes in a later turn and its own error is its own', async () => {
  const order: string[] = [];
  const fault = new Promise((done) => {
    const others = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.once('uncaughtException', (error) => {
      for (const other of others) process.on('uncaughtException', other);
      done(error);
    });
  });
  ours.gzip('x', () => {
    order.push('called');
    throw new Error('of the callback');
  });
  order.push('returned');
  expect(await fault).toEqual(new Error('of the callback'));
  expect(order).toEqual(['returned', 'called']);
});
