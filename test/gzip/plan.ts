/** A plan is a stream's calls: how the body is cut, which mode each piece has, where a flush follows. The same plan is run
 * by the library's Encoder and, written down as `script` does, by the program pack.c.
 */
import { Encoder, type FormatName, type Mode } from '../../src/gzip/index.ts';

export interface Step {
  readonly length: number;
  readonly mode: Mode;
  readonly flushes: number;
}

export interface Plan {
  readonly name: string;
  readonly format: FormatName;
  readonly steps: readonly Step[];
}

export const formats: readonly FormatName[] = ['gzip', 'deflate', 'deflate-raw'];
export const modes: readonly Mode[] = ['store', 'fast', 'balanced'];
const flushKinds = ['never', 'each', 'at times'] as const;

/** Whole numbers below a limit, the same in every run of the same seed. */
export function randomOf(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mix = Math.imul(state ^ (state >>> 15), state | 1);
    mix ^= mix + Math.imul(mix ^ (mix >>> 7), mix | 61);
    return ((mix ^ (mix >>> 14)) >>> 0) % limit;
  };
}

/** One plan for <length> bytes: pieces of <chunk> bytes (0: of random sizes), in <mode> or in one that keeps changing. */
function planned(
  length: number,
  chunk: number,
  mode: Mode | 'changing',
  flush: (typeof flushKinds)[number],
  random: (limit: number) => number,
): Step[] {
  const steps: Step[] = [];
  for (let at = 0; at < length || steps.length === 0; ) {
    const size = Math.min(length - at, chunk > 0 ? chunk : 1 + random(2 ** (1 + random(17))));
    const flushes = flush === 'each' ? 1 : flush === 'never' ? 0 : Math.max(0, random(5) - 2);
    const chosen = mode === 'changing' ? (modes[random(modes.length)] as Mode) : mode;
    steps.push({ length: size, mode: chosen, flushes });
    at += size;
  }
  return steps;
}

/** Every format, mode, kind of flush and size of <chunks> for a body of <length> bytes. */
export function* plans(length: number, chunks: readonly number[], seed = 1): Generator<Plan> {
  const random = randomOf(seed);
  for (const format of formats)
    for (const chunk of chunks)
      for (const mode of [...modes, 'changing'] as const)
        for (const flush of flushKinds) {
          const name = `${format}, pieces of ${chunk || 'any size'}, ${mode}, flushed ${flush}`;
          yield { name, format, steps: planned(length, chunk, mode, flush, random) };
        }
}

/** What the Encoder makes of <body>; throws when a call writes more than its bound. */
export function packed(plan: Plan, body: Uint8Array): Buffer {
  const encoder = new Encoder({ format: plan.format });
  const outputs: Buffer[] = [];
  const longest = Math.max(...plan.steps.map(({ length }) => length));
  const room = Buffer.allocUnsafe(Encoder.bound(longest));
  const keep = (length: number, bound: number) => {
    if (length > bound) throw new Error(`${plan.name}: ${length} bytes where ${bound} are the bound`);
    outputs.push(Buffer.from(room.subarray(0, length)));
  };
  let at = 0;
  for (const { length, mode, flushes } of plan.steps) {
    if (encoder.mode !== mode) encoder.mode = mode;
    keep(encoder.encode(body.subarray(at, at + length), room), Encoder.bound(length));
    for (let count = 0; count < flushes; count++) keep(encoder.flush(room), Encoder.bound(0));
    at += length;
  }
  keep(encoder.finish(room), Encoder.bound(0));
  return Buffer.concat(outputs);
}

/** The plan and its body as pack.c reads them: one letter a call, numbers of four bytes. */
export function script(plan: Plan, body: Uint8Array): Buffer {
  const parts: Buffer[] = [];
  const call = (letter: string, number: number) => {
    const part = Buffer.alloc(5, letter);
    part.writeUInt32LE(number, 1);
    parts.push(part);
  };
  call('S', ['deflate-raw', 'gzip', 'deflate'].indexOf(plan.format));
  let at = 0;
  for (const { length, mode, flushes } of plan.steps) {
    call('M', modes.indexOf(mode));
    call('E', length);
    parts.push(Buffer.from(body.subarray(at, at + length)));
    for (let count = 0; count < flushes; count++) call('F', 0);
    at += length;
  }
  call('Z', 0);
  return Buffer.concat(parts);
}
