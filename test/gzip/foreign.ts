/** Packs a corpus by every plan and has it judged by decoders that are not ours: node:zlib each stream at once, the others
 * all streams of a body together. Used by the fast run and by the long one.
 */
import { gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { FormatName } from '../../src/gzip/index.ts';
import { testWith } from '../tool/peer.ts';
import type { Body } from './corpus.ts';
import { expected, judges, type Packed } from './decoders.ts';
import { packed, plans } from './plan.ts';

const decode: Record<FormatName, (output: Buffer) => Buffer> = {
  gzip: gunzipSync,
  deflate: inflateSync,
  'deflate-raw': inflateRawSync,
};

/** Formats, modes with the changing one, kinds of flush. */
const PLANS_PER_CHUNK = 3 * 4 * 3;
/** Streams of one body that are judged together at most, bytes of input. */
const BATCH_LEN = 64 << 20;

/** Every stream of <body>, judged by node:zlib. */
function packedAll(body: Body, chunks: readonly number[], seed: number): Packed[] {
  const streams: Packed[] = [];
  for (const plan of plans(body.bytes.length, chunks, seed)) {
    const output = packed(plan, body.bytes);
    if (!decode[plan.format](output).equals(body.bytes))
      throw new Error(`node:zlib: ${body.name}: ${plan.name}`);
    streams.push({ format: plan.format, output });
  }
  return streams;
}

/** The tests of <corpus>, its bodies cut into <chunks>; streams are made once and kept for all judges. */
export function judgeCorpus(corpus: readonly Body[], chunks: readonly number[], seed = 1): void {
  const known = new Map<string, Packed[]>();
  const streamsOf = (body: Body) => {
    const streams = known.get(body.name) ?? packedAll(body, chunks, seed);
    known.set(body.name, streams);
    return streams;
  };
  describe.each(corpus.map((body) => [body.name, body] as const))('%s', (_name, body) => {
    test('node:zlib gives back every stream', () => {
      expect(streamsOf(body)).toHaveLength(PLANS_PER_CHUNK * chunks.length);
    });
    for (const [program, judge] of judges)
      testWith([program], `${program} gives back every stream`, async ([path]) => {
        const streams = streamsOf(body);
        const count = Math.max(1, Math.floor(BATCH_LEN / Math.max(1, body.bytes.length)));
        for (let at = 0; at < streams.length; at += count) {
          const batch = streams.slice(at, at + count);
          expect(await judge(path as string, batch, body.bytes)).toBe(expected(body.bytes, batch.length));
        }
      });
    test('are forgotten', () => {
      expect(known.delete(body.name)).toBe(true);
    });
  });
}

/** Packs and checks by node:zlib alone: for pieces so small that one body makes a million calls. */
export function judgeByNode(corpus: readonly Body[], chunks: readonly number[], seed = 1): void {
  test.each(corpus.map((body) => [body.name, body] as const))('%s in the smallest pieces', (_name, body) => {
    expect(packedAll(body, chunks, seed).length).toBeGreaterThan(0);
  });
}
