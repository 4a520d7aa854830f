/**
 * What the encoder's one-pass loop finds, told in TypeScript: the same table of positions, the same two positions a
 * turn, so that the tables are trained on the very symbols they will write. It needs no addon: tables do not depend on a
 * build that holds tables. State: one position table, cleared for each chunk.
 */

export const LITLEN_SYMBOLS = 286;
export const DIST_SYMBOLS = 30;
export const CODE_END = 256;
const HASH_BITS = 13;
const MATCH_LEN_MIN = 4;
const MATCH_MAX = 258;
const MATCH_FAR = 32768;
const SPAN_TAIL = 10;

/** How often a block sends each symbol, and the extra bits that no code can save. */
export interface Histogram {
  readonly litlen: Uint32Array;
  readonly dist: Uint32Array;
  extraBits: number;
}

const table = new Uint16Array(1 << HASH_BITS);

const lenExtra = (index: number): number => (index < 8 || index === 255 ? 0 : 29 - Math.clz32(index));

export const lenSymbol = (len: number): number => {
  const index = len - 3;
  const extra = lenExtra(index);
  return index === 255 ? 285 : 257 + 4 * extra + (index >> extra);
};

export const lenExtraBits = (len: number): number => lenExtra(len - 3);

const distExtra = (dist: number): number => 30 - Math.clz32((dist - 1) | 2);

const distSymbol = (dist: number): number => 2 * distExtra(dist) + ((dist - 1) >> distExtra(dist));

const newHistogram = (): Histogram => {
  const histogram = {
    litlen: new Uint32Array(LITLEN_SYMBOLS),
    dist: new Uint32Array(DIST_SYMBOLS),
    extraBits: 0,
  };
  histogram.litlen[CODE_END] = 1;
  return histogram;
};

/** Parses one chunk; a histogram for each <blockLength> of it, by where a match begins. */
export const parseChunk = (chunk: Buffer, blockLength: number): Histogram[] => {
  const blocks = Array.from({ length: Math.ceil(chunk.length / blockLength) }, newHistogram);
  const block = (at: number): Histogram => blocks[Math.floor(at / blockLength)]!;
  const literal = (at: number): void => {
    const { litlen } = block(at);
    litlen[chunk[at]!]!++;
  };
  const slotOf = (at: number): number => Math.imul(chunk.readInt32LE(at), -1640531535) >>> (32 - HASH_BITS);
  const lookUp = (at: number): number => {
    const slot = slotOf(at);
    const from = table[slot]!;
    table[slot] = at;
    return at - from <= MATCH_FAR && chunk.readInt32LE(from) === chunk.readInt32LE(at) ? from : -1;
  };
  table.fill(0);
  literal(0);
  let at = 1;
  while (at < chunk.length) {
    const inLoop = at < chunk.length - SPAN_TAIL;
    let from = at + MATCH_LEN_MIN <= chunk.length ? lookUp(at) : -1;
    if (inLoop && from >= 0) table[slotOf(at + 1)] = at + 1;
    if (from < 0) {
      literal(at++);
      if (!inLoop) continue;
      from = lookUp(at);
      if (from < 0) {
        literal(at++);
        continue;
      }
    }
    let len = MATCH_LEN_MIN;
    while (len < MATCH_MAX && at + len < chunk.length && chunk[at + len] === chunk[from + len]) len++;
    const histogram = block(at);
    histogram.litlen[lenSymbol(len)]!++;
    histogram.dist[distSymbol(at - from)]!++;
    histogram.extraBits += lenExtraBits(len) + distExtra(at - from);
    at += len;
    if (at < chunk.length - SPAN_TAIL) {
      table[slotOf(at - 2)] = at - 2;
      table[slotOf(at - 1)] = at - 1;
    }
  }
  return blocks;
};
