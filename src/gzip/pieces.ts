/** Input of any size made into pieces worth encoding, and the output into Buffers. The encoder forgets everything between
 * two calls, so small writes are kept until they fill a segment or a flush asks for them; what is kept is a copy, for
 * the writer may use its buffer again. Owns the stream's encoder and the bytes kept. An idle stream that was flushed
 * keeps none.
 */
import { Encoder, type EncoderOptions, type Then } from './encoder.ts';
import { checkAttached, face, refusal, SEGMENT_LEN } from './face.ts';
import type { Mode } from './options.ts';

/** The most input of one encode() call, bytes: some 0.3 ms of work, and whole segments. */
export const SLICE_LEN = 4 * SEGMENT_LEN;
/** Least size of the memory for what is kept, bytes; it doubles up to a segment. */
const KEPT_LEN_MIN = 2048;
/** A message of this size or less is kept in a part of Buffer's pool: memory of its own costs a microsecond. Bytes. */
const KEPT_LEN_POOLED = 512;

export const EMPTY: Buffer = Buffer.alloc(0);

let shared: Buffer | undefined;
/** What a stream kept its input in before its last flush: the next one to keep any takes it. One a thread. */
let spare: Buffer = EMPTY;

/** The spare is taken by who fills this part of it at once, so that many streams with a few bytes each stay small. */
const SPARE_PART_MIN = 1 / 4;

/** Room for <length> bytes where <before> were not enough. */
function roomFor(length: number, before: number): Buffer {
  if (length <= KEPT_LEN_POOLED && before === 0) return Buffer.allocUnsafe(KEPT_LEN_POOLED);
  if (length > spare.length || length < spare.length * SPARE_PART_MIN)
    return Buffer.allocUnsafeSlow(Math.min(SEGMENT_LEN, Math.max(KEPT_LEN_MIN, length, before * 2)));
  const room = spare;
  spare = EMPTY;
  return room;
}

/** Memory for the output of one call, one a thread: copied out of before anything else may run. */
export function scratch(): Buffer {
  shared ??= Buffer.allocUnsafeSlow(
    face().slzBound(SLICE_LEN) + face().slzBound(SEGMENT_LEN) + face().slzBound(0) + Encoder.MARK_LENGTH,
  );
  return shared;
}

/** The first <length> bytes of the scratch, for keeps. */
export function copyOut(length: number): Buffer {
  if (length === 0) return EMPTY;
  const out = Buffer.allocUnsafe(length);
  scratch().copy(out, 0, 0, length);
  return out;
}

/** All of <outputs> as one. Not Buffer.concat: who calls _processChunk() may have replaced it. */
export function joined(outputs: readonly Buffer[]): Buffer {
  let length = 0;
  for (const output of outputs) length += output.length;
  const out = Buffer.allocUnsafe(length);
  let at = 0;
  for (const output of outputs) {
    out.set(output, at);
    at += output.length;
  }
  return out;
}

export class Pieces {
  readonly #encoder: Encoder;
  #kept: Buffer = EMPTY;
  #keptLen = 0;
  #isFinished = false;
  /** Nothing was taken since the last mark. */
  #isMarked = false;

  constructor(options: EncoderOptions) {
    this.#encoder = new Encoder(options);
  }

  get isFinished(): boolean {
    return this.#isFinished;
  }

  get mode(): Mode {
    return this.#encoder.mode;
  }

  /** What was taken before is encoded in the old mode. Returns that output. */
  setMode(mode: Mode): Buffer {
    const out = this.#keptLen > 0 ? copyOut(this.#encodeKept('more', 0)) : EMPTY;
    this.#encoder.mode = mode;
    return out;
  }

  /** Takes <chunk> from <from> to <to>, at most SLICE_LEN bytes. Returns what output that gives, often none yet: the last
   * bytes are always kept, so that the end of the stream has something to be announced with, which saves two bytes.
   */
  take(chunk: Uint8Array, from: number, to: number): Buffer {
    checkAttached(chunk);
    if (this.#isFinished && to > from)
      throw refusal(Error, 'ERR_INVALID_STATE', 'the stream is finished: it takes no more input');
    let at = from;
    let length = 0;
    if (to > from) this.#isMarked = false;
    if (this.#keptLen > 0) {
      at = Math.min(to, from + SEGMENT_LEN - this.#keptLen);
      this.#keep(chunk, from, at);
      if (at === to) return EMPTY;
      length = this.#encodeKept('more', 0);
    }
    const whole = to - at - 1 - ((to - at - 1) % SEGMENT_LEN);
    if (whole > 0) {
      length += this.#encoder.encode(chunk.subarray(at, at + whole), scratch(), length, 'more');
      at += whole;
    }
    if (at < to) this.#keep(chunk, at, to);
    return copyOut(length);
  }

  /** Everything taken so far, decodable. */
  flush(): Buffer {
    return this.#isFinished ? EMPTY : copyOut(this.#encodeKept('flush', 0));
  }

  /** As flush(), and the output ends with a mark; nothing when it did already. */
  mark(): Buffer {
    if (this.#isFinished || this.#isMarked) return EMPTY;
    const length = this.#encodeKept('mark', 0);
    this.#isMarked = true;
    return copyOut(length);
  }

  /** The rest of the stream; nothing when it is finished. */
  finish(): Buffer {
    if (this.#isFinished) return EMPTY;
    const out = copyOut(this.#encodeKept('finish', 0));
    this.#isFinished = true;
    return out;
  }

  /** Forgets the stream and what was kept of it, and begins another. */
  restart(): void {
    this.#release();
    this.#isFinished = false;
    this.#isMarked = false;
    this.#encoder.restart();
  }

  /** Gives the memory back; the stream is not used any more. */
  drop(): void {
    this.#release();
    this.#isFinished = true;
  }

  #keep(chunk: Uint8Array, from: number, to: number): void {
    const length = this.#keptLen + to - from;
    if (length > this.#kept.length) {
      const grown = roomFor(length, this.#kept.length);
      this.#kept.copy(grown, 0, 0, this.#keptLen);
      this.#kept = grown;
    }
    this.#kept.set(from === 0 && to === chunk.length ? chunk : chunk.subarray(from, to), this.#keptLen);
    this.#keptLen = length;
  }

  #encodeKept(then: Then, at: number): number {
    const kept = this.#keptLen === 0 ? EMPTY : this.#kept.subarray(0, this.#keptLen);
    const length = this.#encoder.encode(kept, scratch(), at, then);
    if (then === 'more') this.#keptLen = 0;
    else this.#release();
    return length;
  }

  #release(): void {
    if (this.#kept.length > KEPT_LEN_POOLED) spare = this.#kept;
    this.#kept = EMPTY;
    this.#keptLen = 0;
  }
}
