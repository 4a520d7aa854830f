/**
 * The encoders as a program in Node meets them: a stream that is written to and flushed chunk by chunk, and one call for
 * a whole body; ours against node:zlib's. The clock is the process's CPU time, all threads counted, because zlib's work
 * is done on others. State: none.
 */
import { PassThrough } from 'node:stream';
import * as zlib from 'node:zlib';
import { Bench } from 'tinybench';
import * as ours from '../../src/gzip/index.ts';
import type { Body } from './bodies.ts';
import type { Sample } from './samples.ts';

const CHUNK = 16_384;
/** Below 8 KB a stream's own cost is most of it. Bytes. */
const SMALL = [1024, 4096, 8000] as const;
const ROUND_MS = 60;
const WARM_MS = 20;
const SIZE_MAX = 2 << 20;
/** Input of one sample, at least: reading the process's clock costs microseconds, as much as a small body. */
const SAMPLE_LENGTH = 1 << 16;

type Compressing = NodeJS.ReadWriteStream & { flush(callback: () => void): void };

interface Contender {
  readonly engine: string;
  readonly pack: (body: Buffer) => Promise<number> | number;
}

/** Writes, flushes and reads as a proxy does; gives the output's length. */
const streamed = (stream: Compressing, body: Buffer): Promise<number> =>
  new Promise((resolve, reject) => {
    let length = 0;
    let at = 0;
    stream.on('data', (piece: Buffer) => {
      length += piece.length;
    });
    stream.on('error', reject);
    stream.on('end', () => resolve(length));
    const next = (): void => {
      if (at >= body.length) {
        stream.end();
        return;
      }
      stream.write(body.subarray(at, at + CHUNK));
      at += CHUNK;
      stream.flush(next);
    };
    next();
  });

const STREAMS: readonly Contender[] = [
  {
    engine: 'node:zlib createGzip 1',
    pack: (body) => streamed(zlib.createGzip({ level: 1 }) as unknown as Compressing, body),
  },
  {
    engine: 'node:zlib createGzip 6',
    pack: (body) => streamed(zlib.createGzip({ level: 6 }) as unknown as Compressing, body),
  },
  {
    engine: 'sluice createGzip fast',
    pack: (body) => streamed(ours.createGzip({ mode: 'fast' }) as unknown as Compressing, body),
  },
  {
    engine: 'sluice createGzip balanced',
    pack: (body) => streamed(ours.createGzip({ mode: 'balanced' }) as unknown as Compressing, body),
  },
];

const WHOLE: readonly Contender[] = [
  { engine: 'node:zlib gzipSync 1', pack: (body) => zlib.gzipSync(body, { level: 1 }).length },
  { engine: 'node:zlib gzipSync 6', pack: (body) => zlib.gzipSync(body, { level: 6 }).length },
  { engine: 'sluice gzipSync fast', pack: (body) => ours.gzipSync(body, { mode: 'fast' }).length },
  { engine: 'sluice gzipSync balanced', pack: (body) => ours.gzipSync(body, { mode: 'balanced' }).length },
];

export interface NodeSet {
  readonly name: string;
  readonly baseline: string;
  readonly contenders: readonly Contender[];
  readonly bodies: readonly Body[];
}

/** Node's own streams, and nothing else: what no stream that compresses can be faster than. */
class Bare extends PassThrough {
  flush(callback: () => void): void {
    this.write(NOTHING, callback);
  }
}

const NOTHING = Buffer.alloc(0);

/** A small body as those do who know it is one: a single call, against the stream that everybody takes. */
const SMALL_WAYS: readonly Contender[] = [
  ...STREAMS,
  { engine: 'node:stream PassThrough', pack: (body) => streamed(new Bare(), body) },
  { engine: 'node:zlib gzipSync 1', pack: (body) => zlib.gzipSync(body, { level: 1 }).length },
  { engine: 'sluice gzipSync fast', pack: (body) => ours.gzipSync(body, { mode: 'fast' }).length },
  { engine: 'sluice gzipSync balanced', pack: (body) => ours.gzipSync(body, { mode: 'balanced' }).length },
];

/** Streams over the bodies, all ways over their first few KB, and whole bodies. */
export const nodeSets = (bodies: readonly Body[]): NodeSet[] => {
  const large = bodies.filter(({ bytes }) => bytes.length <= SIZE_MAX);
  const small = SMALL.map((length) => ({
    name: `a body of ${length} bytes`,
    baseline: STREAMS[0]!.engine,
    contenders: SMALL_WAYS,
    bodies: bodies.map((body) => ({ ...body, bytes: body.bytes.subarray(0, length) })),
  }));
  return [
    { name: 'stream, 16 KB and a flush', baseline: STREAMS[0]!.engine, contenders: STREAMS, bodies: large },
    ...small,
    { name: 'one call', baseline: WHOLE[0]!.engine, contenders: WHOLE, bodies: large },
  ];
};

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

const packTimes = async (pack: Contender['pack'], body: Buffer, times: number): Promise<void> => {
  for (let i = 0; i < times; i++) await pack(body);
};

/** Samples of one set; the contenders take turns body by body and round by round. */
export const measureSet = async (set: NodeSet, rounds: number, chunk: number): Promise<Sample[]> => {
  const samples: Sample[] = [];
  for (const body of set.bodies) {
    const lengths: number[] = [];
    const times = Math.ceil(SAMPLE_LENGTH / body.bytes.length);
    for (const { pack } of set.contenders) lengths.push(await pack(body.bytes));
    for (let round = 0; round < rounds; round++) {
      const bench = new Bench({
        time: ROUND_MS,
        warmupTime: WARM_MS,
        iterations: 2,
        now: cpuMs,
        throws: true,
      });
      for (const { engine, pack } of set.contenders)
        bench.add(engine, () => packTimes(pack, body.bytes, times));
      await bench.run();
      for (const [i, task] of bench.tasks.entries()) {
        const { result } = task;
        if (!('latency' in result)) throw new Error(`${task.name}: ${result.state}`);
        samples.push({
          body: body.name,
          kind: body.kind,
          chunk,
          engine: task.name,
          inputLength: body.bytes.length,
          outputLength: lengths[i]!,
          round,
          ns: (result.latency.mean * 1e6) / times,
        });
      }
    }
  }
  return samples;
};

/** benchmark.js goes on until its samples agree, which on a busy machine is never: seconds and samples of a contender. */
const FIELD_TIME_MAX_S = 0.4;
const FIELD_SAMPLES_MIN = 5;
const FIELD_BODIES = 2;

/** The same contenders under benchmark.js, whose lines the field knows; wall-clock time, a few bodies. */
export const runBenchmarkJs = async (set: NodeSet, say: (line: string) => void): Promise<void> => {
  const { default: Benchmark } = await import('benchmark');
  for (const body of set.bodies.slice(0, FIELD_BODIES)) {
    say(`${set.name}: ${body.name}, ${body.bytes.length} bytes`);
    const suite = new Benchmark.Suite();
    for (const { engine, pack } of set.contenders) {
      suite.add(engine, {
        defer: true,
        maxTime: FIELD_TIME_MAX_S,
        minSamples: FIELD_SAMPLES_MIN,
        fn: async (deferred: { resolve(): void }) => {
          await pack(body.bytes);
          deferred.resolve();
        },
      });
    }
    suite.on('cycle', (event: { target: unknown }) => say(`  ${String(event.target)}`));
    await new Promise<void>((resolve) => suite.on('complete', () => resolve()).run({ async: true }));
  }
};
