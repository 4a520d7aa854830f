/**
 * What the samples say. A sample is one engine's CPU time for one body fed one way, in one round; a speed ratio pairs two
 * engines of the same round and body, the median over the rounds counts, and bodies are joined by their geometric mean
 * with the smallest beside it. State: none.
 */
import { median } from '../proxy/statistic.ts';

export interface Sample {
  readonly body: string;
  readonly kind: string;
  readonly chunk: number;
  readonly engine: string;
  readonly inputLength: number;
  readonly outputLength: number;
  readonly round: number;
  readonly ns: number;
}

export interface Row {
  readonly chunk: number;
  readonly engine: string;
  readonly bodies: number;
  /** Megabytes of input per second of CPU, and input over output. */
  readonly speedMb: number;
  readonly ratio: number;
  /** Against the baseline, when it was there. */
  readonly speedAgainst?: number;
  readonly speedLeast?: readonly [body: string, value: number];
  readonly ratioAgainst?: number;
  readonly ratioLeast?: readonly [body: string, value: number];
}

export const geometricMean = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);

/** The harness's lines: body, chunk, engine, input length, output length, round, nanoseconds. */
export const readSamples = (text: string, kindOf: (body: string) => string): Sample[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [body, chunk, engine, inputLength, outputLength, round, ns] = line.split('\t');
      if (ns === undefined) throw new Error(`harness line: ${line}`);
      return {
        body: body!,
        kind: kindOf(body!),
        chunk: Number(chunk),
        engine: engine!,
        inputLength: Number(inputLength),
        outputLength: Number(outputLength),
        round: Number(round),
        ns: Number(ns),
      };
    });

const grouped = <T>(list: readonly T[], key: (one: T) => string): Map<string, T[]> => {
  const groups = new Map<string, T[]>();
  for (const one of list) {
    const group = groups.get(key(one));
    if (group) group.push(one);
    else groups.set(key(one), [one]);
  }
  return groups;
};

const least = (pairs: readonly (readonly [string, number])[]): readonly [string, number] =>
  pairs.reduce((a, b) => (b[1] < a[1] ? b : a));

const sizeRatio = (sample: Sample): number => sample.inputLength / sample.outputLength;

/** One engine fed one way, over all bodies in <samples>. */
const rowOf = (samples: readonly Sample[], baseline: readonly Sample[]): Row => {
  const bodies = [...grouped(samples, ({ body }) => body)];
  const row = {
    chunk: samples[0]!.chunk,
    engine: samples[0]!.engine,
    bodies: bodies.length,
    speedMb: geometricMean(
      bodies.map(([, own]) => (own[0]!.inputLength * 1000) / median(own.map(({ ns }) => ns))),
    ),
    ratio: geometricMean(bodies.map(([, own]) => sizeRatio(own[0]!))),
  };
  const rivals = new Map(baseline.map((sample) => [`${sample.body} ${sample.round}`, sample]));
  const speeds = bodies.flatMap(([body, own]) => {
    const ratios = own.flatMap((sample) => {
      const rival = rivals.get(`${body} ${sample.round}`);
      return rival ? [rival.ns / sample.ns] : [];
    });
    return ratios.length > 0 ? [[body, median(ratios)] as const] : [];
  });
  if (speeds.length === 0) return row;
  const sizes = bodies.flatMap(([body, own]) => {
    const rival = rivals.get(`${body} ${own[0]!.round}`);
    return rival ? [[body, rival.outputLength / own[0]!.outputLength] as const] : [];
  });
  return {
    ...row,
    speedAgainst: geometricMean(speeds.map(([, value]) => value)),
    speedLeast: least(speeds),
    ratioAgainst: geometricMean(sizes.map(([, value]) => value)),
    ratioLeast: least(sizes),
  };
};

/** A row for each way of feeding and engine, in the order of the samples. */
export const rowsOf = (samples: readonly Sample[], baseline: string): Row[] =>
  [...grouped(samples, ({ chunk }) => String(chunk)).values()].flatMap((ofChunk) => {
    const rivals = ofChunk.filter(({ engine }) => engine === baseline);
    return [...grouped(ofChunk, ({ engine }) => engine).values()].map((own) => rowOf(own, rivals));
  });

/** The same for each class of body. */
export const rowsByKind = (samples: readonly Sample[], baseline: string): Map<string, Row[]> =>
  new Map([...grouped(samples, ({ kind }) => kind)].map(([kind, own]) => [kind, rowsOf(own, baseline)]));
