/** What streams cost while they wait, and that nothing of them stays when they are dropped wherever they stood. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { constants, createGzip, Encoder, type Gzip } from '../../src/gzip/index.ts';
import { noise } from './corpus.ts';
import { randomOf } from './plan.ts';

const STREAMS = 10_000;
/** What a stream in C may keep, bytes; the encoder's state is all it keeps. */
const NATIVE_LEN_MAX = 64;
/** What an idle stream of node's kind may cost in all, bytes of heap and buffers; node:zlib's takes 196 KB. */
const STREAM_LEN_MAX = 1600;
/** The same with some input that waits for more. */
const WAITING_LEN_MAX = 4500;
const ENCODER_LEN_MAX = 400;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function turns(count: number): Promise<void> {
  return new Promise((resolve) => {
    const turn = (left: number) => (left > 0 ? setImmediate(turn, left - 1) : resolve());
    turn(count);
  });
}

/** Bytes in use when all garbage is gone. */
async function inUse(): Promise<{ kept: number; rss: number }> {
  for (let count = 0; count < 3; count++) {
    await turns(5);
    collect();
  }
  const { heapUsed, external, rss } = process.memoryUsage(); // external holds the ArrayBuffers
  return { kept: heapUsed + external, rss };
}

/** Brings a stream to some point of its life and drops it there. Adds to <calls> what is to call back. */
function abort(point: number, body: Buffer, called: () => void): number {
  const stream = createGzip({ level: point % 3 });
  stream.on('error', () => {});
  stream.on('close', called);
  let calls = 1;
  const write = (bytes: Buffer) => {
    calls++;
    stream.write(bytes, called);
  };
  const flush = () => {
    calls++;
    stream.flush(constants.Z_SYNC_FLUSH, called);
  };
  if (point > 1) write(body.subarray(0, point * 10));
  if (point > 20) flush();
  if (point % 7 === 0) stream.resume();
  // From 90 on two slices: the second waits for a reader or the next turn.
  if (point > 40) write(body.subarray(0, point > 90 ? body.length : 20_000));
  if (point > 60) flush();
  if (point > 80) {
    calls++;
    stream.end(called);
  }
  if (point % 4 === 0) setImmediate(() => stream.destroy());
  else stream.destroy(point % 4 === 1 ? new Error('of the test') : undefined);
  return calls;
}

test('10,000 streams aborted at any point leave nothing, and answer every call', async () => {
  const body = noise(300_000);
  const random = randomOf(5);
  let [asked, answered] = [0, 0];
  const round = async () => {
    for (let count = 0; count < STREAMS; count++) {
      asked += abort(random(100), body, () => answered++);
      if (count % 100 === 0) await turns(3);
    }
    return inUse();
  };
  const rounds = [await round(), await round(), await round()] as const;
  await expect.poll(() => answered).toBe(asked);
  expect(rounds[2].kept - rounds[0].kept).toBeLessThan(500_000);
  expect(rounds[2].rss - rounds[1].rss).toBeLessThan(30e6);
}, 300_000);

/** Bytes that each of STREAMS things takes while all of them live. */
async function costOf<T>(make: () => Promise<T> | T): Promise<number> {
  const things: T[] = [];
  for (let count = 0; count < 50; count++) await make();
  const before = await inUse();
  for (let count = 0; count < STREAMS; count++) things.push(await make());
  const after = await inUse();
  return (after.kept - before.kept) / things.length;
}

async function idleStream(): Promise<Gzip> {
  const stream = createGzip({ level: 1 });
  stream.write('data: one\n\n'.repeat(100));
  await new Promise<void>((done) => stream.flush(() => done()));
  stream.read();
  return stream;
}

test('10,000 idle streams: at most 64 bytes each in C, and little more than a Transform in JavaScript', async () => {
  const output = Buffer.alloc(5000);
  const encoder = await costOf(() => {
    const one = new Encoder({ mode: 'fast' });
    one.encode(Buffer.alloc(1000, 'x'), output, 0, 'flush');
    return one;
  });
  const stream = await costOf(idleStream);
  const { face } = await import('../../src/gzip/face.ts');
  console.log(
    `an idle stream: ${face().slzStateLength} bytes in C; with its objects ${encoder.toFixed(0)} as Encoder, ${stream.toFixed(0)} as Gzip`,
  );
  expect(face().slzStateLength).toBeLessThanOrEqual(NATIVE_LEN_MAX);
  expect(encoder).toBeLessThan(ENCODER_LEN_MAX);
  expect(stream).toBeLessThan(STREAM_LEN_MAX);
}, 60_000);

test('streams that wait with a few bytes not flushed keep about those', async () => {
  const large = await idleStream();
  const body = Buffer.alloc(60_000);
  const cost = await costOf(async () => {
    const stream = createGzip({ level: 1 });
    stream.write('data: one\n\n');
    large.write(body); // leaves a large buffer behind each time
    await new Promise<void>((done) => large.flush(() => done()));
    large.read();
    return stream;
  });
  expect(cost).toBeLessThan(WAITING_LEN_MAX);
}, 60_000);

test('an Encoder allocates nothing, call after call', () => {
  const encoder = new Encoder({ mode: 'fast' });
  const input = Buffer.alloc(100, 'some text ');
  const output = Buffer.alloc(1000);
  const work = (count: number) => {
    for (let at = 0; at < count; at++) {
      encoder.encode(input, output, 0, 'more');
      encoder.flush(output, 500);
    }
  };
  work(20_000); // compiled, and all of its caches made
  const before = process.memoryUsage().heapUsed;
  work(100_000);
  const growth = process.memoryUsage().heapUsed - before;
  expect(growth).toBeLessThan(200_000); // two bytes a call: what the measuring itself takes
});
