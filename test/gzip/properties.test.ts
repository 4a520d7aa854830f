/** What holds for any bytes and any calls: node:zlib gives them back, no call writes more than its bound, and nothing
 * depends on what was compressed before.
 */
import { gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createDeflateRaw, Encoder, type FormatName, gzipSync, type Mode } from '../../src/gzip/index.ts';
import { formats, modes, type Plan, packed, type Step } from './plan.ts';

const decode: Record<FormatName, (output: Buffer) => Buffer> = {
  gzip: gunzipSync,
  deflate: inflateSync,
  'deflate-raw': inflateRawSync,
};

/** Bytes as they come: any, of few values, repeated at any distance, at the borders of a segment. */
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 2000 }),
  fc.array(fc.constantFrom(0, 1, 97, 98, 0xff), { maxLength: 4000 }).map((few) => Uint8Array.from(few)),
  fc
    .tuple(fc.uint8Array({ minLength: 1, maxLength: 700 }), fc.integer({ min: 0, max: 140_000 }))
    .map(([pattern, length]) => Buffer.alloc(length, pattern)),
  fc
    .tuple(
      fc.uint8Array({ minLength: 1, maxLength: 300 }),
      fc.constantFrom(32_767, 32_768, 65_534, 65_535, 65_536),
    )
    .map(([end, length]) => Buffer.concat([Buffer.alloc(length - end.length), end])),
);
const mode = fc.constantFrom<Mode>(...modes);
const format = fc.constantFrom<FormatName>(...formats);

/** A body and a plan for it. */
const planned = fc
  .record({
    format,
    pieces: fc.array(fc.record({ bytes, mode, flushes: fc.nat({ max: 2 }) }), { minLength: 1, maxLength: 8 }),
  })
  .map(({ format, pieces }) => {
    const steps: Step[] = pieces.map(({ bytes, mode, flushes }) => ({ length: bytes.length, mode, flushes }));
    const plan: Plan = { name: 'any', format, steps };
    return { plan, body: Buffer.concat(pieces.map(({ bytes }) => bytes)) };
  });

test('any calls give back any bytes, each within its bound', () => {
  const holds = fc.property(planned, ({ plan, body }) => {
    expect(decode[plan.format](packed(plan, body)).equals(body)).toBe(true);
  });
  fc.assert(holds, { numRuns: 150 });
});

test('the output is that of the input and the calls, whatever other streams did between two of them', () => {
  const holds = fc.property(planned, bytes, mode, ({ plan, body }, other, otherMode) => {
    const alone = packed(plan, body);
    gzipSync(other, { mode: otherMode });
    const [one, two] = [new Encoder({ format: plan.format }), new Encoder({ mode: otherMode })];
    const longest = Math.max(other.length, ...plan.steps.map(({ length }) => length));
    const [room, waste] = [Buffer.alloc(Encoder.bound(longest)), Buffer.alloc(Encoder.bound(other.length))];
    const outputs: Buffer[] = [];
    let at = 0;
    for (const { length, mode, flushes } of plan.steps) {
      one.mode = mode;
      outputs.push(Buffer.from(room.subarray(0, one.encode(body.subarray(at, at + length), room))));
      two.encode(other, waste);
      for (let count = 0; count < flushes; count++)
        outputs.push(Buffer.from(room.subarray(0, one.flush(room))));
      at += length;
    }
    outputs.push(Buffer.from(room.subarray(0, one.finish(room))));
    expect(Buffer.concat(outputs).equals(alone)).toBe(true);
  });
  fc.assert(holds, { numRuns: 60 });
});

test('a whole body stays within the exact bound, in every mode and format', () => {
  const holds = fc.property(bytes, mode, format, (body, mode, format) => {
    const room = Buffer.alloc(Encoder.bound(body.length));
    const length = new Encoder({ format, mode }).encode(body, room, 0, 'finish');
    expect(Encoder.bound(body.length)).toBe(
      body.length + 5 * Math.max(1, Math.ceil(body.length / 65_535)) + 18,
    );
    expect(length).toBeLessThanOrEqual(room.length);
    expect(decode[format](room.subarray(0, length)).equals(body)).toBe(true);
  });
  fc.assert(holds, { numRuns: 100 });
});

/** What may be done to a stream. */
const deeds = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('write' as const), bytes }),
    fc.record({ do: fc.constant('flush' as const), kind: fc.integer({ min: 0, max: 3 }) }),
    fc.record({ do: fc.constant('level' as const), level: fc.integer({ min: -1, max: 9 }) }),
  ),
  { maxLength: 10 },
);

test('a stream under any deeds gives back what was written', async () => {
  const holds = fc.asyncProperty(deeds, async (deeds) => {
    const stream = createDeflateRaw();
    const written: Uint8Array[] = [];
    for (const deed of deeds) {
      if (deed.do === 'write') {
        stream.write(deed.bytes);
        written.push(deed.bytes);
      } else if (deed.do === 'flush') stream.flush(deed.kind);
      else stream.params(deed.level, 0);
    }
    stream.end();
    const pieces: Buffer[] = [];
    for await (const piece of stream) pieces.push(piece as Buffer);
    expect(inflateRawSync(Buffer.concat(pieces)).equals(Buffer.concat(written))).toBe(true);
    expect(stream.bytesWritten).toBe(Buffer.concat(written).length);
  });
  await fc.assert(holds, { numRuns: 100 });
});
