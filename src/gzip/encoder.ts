/** One stream for people with their own buffers: synchronous, no allocation, no event. An Encoder owns the stream's state,
 * a few bytes that C reads and writes; input and output are the caller's. Between two calls nothing of the input is kept.
 */
import {
  type After,
  FINISH,
  FLUSH,
  type Format,
  face,
  GZIP,
  granted,
  MARK,
  MARK_LEN,
  MORE,
  RAW,
  refusal,
  ZLIB,
} from './face.ts';
import { type CompressOptions, chosenMode, type Mode, modeName, modeNumber, wholeNumber } from './options.ts';

/** `deflate` is zlib's format (RFC 1950), as in HTTP; `deflate-raw` is RFC 1951 alone. */
export type FormatName = 'gzip' | 'deflate' | 'deflate-raw';

export interface EncoderOptions extends CompressOptions {
  /** `gzip` by default. */
  format?: FormatName | undefined;
}

const formats: Readonly<Record<FormatName, Format>> = { gzip: GZIP, deflate: ZLIB, 'deflate-raw': RAW };
/** What follows an encode(). */
export type Then = 'more' | 'flush' | 'mark' | 'finish';

const afters: Readonly<Record<Then, After>> = { more: MORE, flush: FLUSH, mark: MARK, finish: FINISH };
const nothing = new Uint8Array(0);

/** Streams whose states lie in one ArrayBuffer: one for each stream would cost as much as the rest of its objects. */
const SLAB_STATES = 64;

let slab = new ArrayBuffer(0);
let slabUsed = 0;

/** A state as slzStart makes it, by format and mode: a copy is cheaper than a call. */
const fresh = new Map<number, Uint8Array>();

function stateRoom(): Uint8Array {
  const length = face().slzStateLength;
  if (slabUsed + length > slab.byteLength) {
    slab = new ArrayBuffer(length * SLAB_STATES);
    slabUsed = 0;
  }
  slabUsed += length;
  return new Uint8Array(slab, slabUsed - length, length);
}

function freshState(format: Format, mode: number): Uint8Array {
  const key = format * 16 + mode;
  let state = fresh.get(key);
  if (state === undefined) {
    state = new Uint8Array(face().slzStateLength);
    granted(face().slzStart(state, format, mode));
    fresh.set(key, state);
  }
  return state;
}

/** The addon's number of a format; throws ERR_INVALID_ARG_VALUE for another name. */
export function formatNumber(name: unknown): Format {
  if (typeof name === 'string' && Object.hasOwn(formats, name)) return formats[name as FormatName];
  const text = `format must be 'gzip', 'deflate' or 'deflate-raw'; got ${String(name).slice(0, 40)}`;
  throw refusal(TypeError, 'ERR_INVALID_ARG_VALUE', text);
}

/** A stream of compressed bytes, written into memory that the caller owns.
 *
 * Matches are found inside one call only, so give large pieces: 64 KB is best.
 *
 * @example
 * ```js
 * import { Encoder } from 'sluice/gzip';
 *
 * const encoder = new Encoder({ format: 'gzip', mode: 'fast' });
 * const text = Buffer.from('to be or not to be, that is the question');
 * const out = Buffer.alloc(Encoder.bound(text.length) + Encoder.bound(0));
 *
 * let length = encoder.encode(text, out);
 * length += encoder.finish(out, length);
 * console.log(out.subarray(0, length).length <= Encoder.bound(text.length)); // true
 * ```
 */
export class Encoder {
  /** What a `mark` may write beyond `Encoder.bound`, bytes. */
  static readonly MARK_LENGTH = MARK_LEN;

  readonly #state: Uint8Array;
  readonly #format: Format;
  #mode: number;

  constructor(options: EncoderOptions = {}) {
    this.#mode = chosenMode(options);
    this.#format = options.format === undefined ? GZIP : formatNumber(options.format);
    this.#state = stateRoom();
    this.restart();
  }

  /** The most bytes that one call with <length> bytes of input writes: length + 5 for each begun 65,535 + 18. */
  static bound(length: number): number {
    return granted(face().slzBound(wholeNumber('length', length, 0, 2 ** 52, 0)));
  }

  /** The mode of the next encode; may be set between any two calls. */
  get mode(): Mode {
    return modeName(this.#mode);
  }

  set mode(mode: Mode) {
    const number = modeNumber(mode);
    granted(face().slzMode(this.#state, number));
    this.#mode = number;
  }

  /** Compresses all of <input> into <output> from <at> on and returns how many bytes it wrote. There must be room for
   * `Encoder.bound(input.length)`, and the two must not overlap. What follows is up to <then>: `more` keeps a few bits
   * back, `flush` makes everything so far decodable, `finish` ends the stream (two bytes shorter than a later finish()),
   * `mark` flushes and ends with the bytes 00 00 FF FF, as zlib's flushes do (`Encoder.MARK_LENGTH` bytes more of room).
   * A call that throws has changed nothing.
   */
  encode(input: Uint8Array, output: Uint8Array, at = 0, then: Then = 'more'): number {
    return granted(face().slzEncode(this.#state, input, output, at, afters[then]));
  }

  /** Makes everything so far decodable; 0 to 5 bytes, or a header that is due. */
  flush(output: Uint8Array, at = 0): number {
    return granted(face().slzEncode(this.#state, nothing, output, at, FLUSH));
  }

  /** Ends the stream: last block, checksum, length. Only restart() may follow. */
  finish(output: Uint8Array, at = 0): number {
    return granted(face().slzEncode(this.#state, nothing, output, at, FINISH));
  }

  /** Forgets the stream, wherever it stands, and begins another of the same format and mode. */
  restart(): void {
    this.#state.set(freshState(this.#format, this.#mode));
  }
}
