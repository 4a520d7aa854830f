/** The encoder as the addon offers it (native/binding/gzip_face.cc), and its refusals as errors. The addon is loaded at
 * the first use, once a thread, never at import: a program may import the library and not need it. When it cannot be
 * loaded, one error says what was looked for and how to build it; there is no slow way around.
 */
import { loadAddon } from '../native/load.ts';

export const RAW = 0;
export const GZIP = 1;
export const ZLIB = 2;
/** RFC 1951 alone, RFC 1952, RFC 1950. */
export type Format = typeof RAW | typeof GZIP | typeof ZLIB;

export const MORE = 0;
export const FLUSH = 1;
export const FINISH = 2;
export const MARK = 3;
/** What follows the input of one call: more input, a point up to which all can be decoded, the end of the stream, a flush
 * that ends with an empty stored block.
 */
export type After = typeof MORE | typeof FLUSH | typeof FINISH | typeof MARK;

/** An empty stored block, bytes: what the room for a MARK is more than slzBound says. */
export const MARK_LEN = 5;

/** Longest piece the encoder works on its own, bytes: what one call holds beyond it is split here anyway. */
export const SEGMENT_LEN = 65_535;

/** Answers are lengths; negative ones are refusals, in the order of `refusals`. */
export interface Face {
  /** Bytes of a stream's state. */
  readonly slzStateLength: number;
  slzStart(state: Uint8Array, format: number, mode: number): number;
  slzMode(state: Uint8Array, mode: number): number;
  slzEncode(state: Uint8Array, input: Uint8Array, output: Uint8Array, at: number, after: number): number;
  /** A whole stream in one call. */
  slzOnce(format: number, mode: number, input: Uint8Array, output: Uint8Array): number;
  /** The most bytes that one call with <length> bytes of input gives. */
  slzBound(length: number): number;
  /** 0, or why these bytes cannot be read. */
  slzCheck(bytes: Uint8Array): number;
}

let loaded: Face | undefined;

/** The addon, loaded at the first call; throws when it is not built. */
export function face(): Face {
  loaded ??= loadAddon() as unknown as Face;
  return loaded;
}

/** An error as Node's own: a class, a code to test for, a sentence for people. */
export function refusal(
  kind: new (text: string) => Error,
  code: string,
  text: string,
): NodeJS.ErrnoException {
  return Object.assign(new kind(text), { code });
}

const refusals: readonly (readonly [new (text: string) => Error, string, string])[] = [
  [
    TypeError,
    'ERR_INVALID_ARG_VALUE',
    'input and output must be Uint8Arrays, and the offset inside the output',
  ],
  [TypeError, 'ERR_INVALID_STATE', 'the ArrayBuffer is detached: its bytes were transferred elsewhere'],
  [
    RangeError,
    'ERR_BUFFER_TOO_SMALL',
    'the output has not the room that Encoder.bound(input.length) asks for',
  ],
  [Error, 'ERR_INVALID_STATE', 'the stream is finished: restart() begins another'],
  [RangeError, 'ERR_INVALID_ARG_VALUE', 'the output overlaps the input'],
  [Error, 'ERR_MEMORY_ALLOCATION_FAILED', 'no memory left for a copy of the shared input'],
];

/** <answer> when it is a length; throws what it says otherwise. */
export function granted(answer: number): number {
  if (answer >= 0) return answer;
  const [kind, code, text] = refusals[-answer - 1] ?? [Error, 'ERR_INTERNAL_ASSERTION', `refusal ${answer}`];
  throw refusal(kind, code, text);
}

/** Throws when the bytes of <view> were taken away; an empty view and a detached one look the same to JavaScript. */
export function checkAttached(view: Uint8Array): void {
  if (view.length === 0) granted(face().slzCheck(view));
}
