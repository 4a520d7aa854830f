/** The identifier of a stream that `show sess` prints and `shutdown session` takes: thread, generation and index in one hexadecimal
 * number, so that an old one never names a new stream.
 */

export interface StreamName {
  readonly thread: number;
  readonly stream: number;
  readonly generation: number;
}

const INDEX_BITS = 24n;
const GENERATION_BITS = 32n;
const INDEX_MASK = (1n << INDEX_BITS) - 1n;
const GENERATION_MASK = (1n << GENERATION_BITS) - 1n;

export function streamId({ thread, stream, generation }: StreamName): string {
  const value =
    (BigInt(thread + 1) << (INDEX_BITS + GENERATION_BITS)) |
    (BigInt(generation >>> 0) << INDEX_BITS) |
    BigInt(stream);
  return `0x${value.toString(16)}`;
}

/** undefined: <text> is no such number. */
export function streamOfId(text: string): StreamName | undefined {
  if (!/^0x[0-9a-f]{1,16}$/i.test(text)) return undefined;
  const value = BigInt(text);
  return {
    thread: Number(value >> (INDEX_BITS + GENERATION_BITS)) - 1,
    stream: Number(value & INDEX_MASK),
    generation: Number((value >> INDEX_BITS) & GENERATION_MASK),
  };
}
