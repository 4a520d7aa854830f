/**
 * The tables: clusters of blocks that send their symbols alike. k-means with the real price as distance: a block goes to
 * the table that writes it in the fewest bits, header included, and a table becomes the Huffman code of its blocks, each
 * block weighing the same whatever its size. Only integers decide. State: none.
 */
import { bitCount, codeLengths, headerBits } from './huffman.ts';
import { DIST_SYMBOLS, type Histogram, LITLEN_SYMBOLS } from './parse.ts';

export interface Table {
  readonly litlen: readonly number[];
  readonly dist: readonly number[];
  readonly headBits: number;
}

const LITLEN_LEN_MAX = 14;
const DIST_LEN_MAX = 10;
const ROUNDS_MAX = 40;
const STARTS = 12;
const POLISH_ROUNDS = 3;
const BLOCK_WEIGHT = 1 << 30;
/** What all blocks of a table weigh together, spread over its symbols; each gets one more so that it has a code. */
const WEIGHT = 1 << 16;

export const fixedLitlen = (symbol: number): number =>
  symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8;

/** Bits of a block with the fixed codes (RFC 1951, section 3.2.6), as the tables' rival. */
export const fixedCost = (block: Histogram): number => {
  let bits = 3 + block.extraBits;
  for (let symbol = 0; symbol < LITLEN_SYMBOLS; symbol++) bits += block.litlen[symbol]! * fixedLitlen(symbol);
  for (let symbol = 0; symbol < DIST_SYMBOLS; symbol++) bits += block.dist[symbol]! * 5;
  return bits;
};

export const tableCost = (block: Histogram, table: Table): number => {
  let bits = table.headBits + block.extraBits;
  for (let symbol = 0; symbol < LITLEN_SYMBOLS; symbol++)
    bits += block.litlen[symbol]! * table.litlen[symbol]!;
  for (let symbol = 0; symbol < DIST_SYMBOLS; symbol++) bits += block.dist[symbol]! * table.dist[symbol]!;
  return bits;
};

interface Sums {
  readonly litlen: Float64Array;
  readonly dist: Float64Array;
}

/** What blocks send together, each weighing the same whatever its size. */
const sumsOf = (blocks: readonly Histogram[]): Sums => {
  const sums = { litlen: new Float64Array(LITLEN_SYMBOLS), dist: new Float64Array(DIST_SYMBOLS) };
  for (const block of blocks) {
    const weight = Math.floor(BLOCK_WEIGHT / fixedCost(block));
    block.litlen.forEach((count, symbol) => {
      sums.litlen[symbol]! += count * weight;
    });
    block.dist.forEach((count, symbol) => {
      sums.dist[symbol]! += count * weight;
    });
  }
  return sums;
};

const share = (counts: Float64Array): number[] => {
  const sum = counts.reduce((a, b) => a + b, 0);
  return Array.from(counts, (count) => Math.floor((count * WEIGHT) / Math.max(sum, 1)) + 1);
};

const tableFrom = (litlenWeights: readonly number[], distWeights: readonly number[]): Table => {
  const litlen = codeLengths(litlenWeights, LITLEN_LEN_MAX);
  const dist = codeLengths(distWeights, DIST_LEN_MAX);
  return { litlen, dist, headBits: bitCount(headerBits(litlen, dist)) };
};

/** The Huffman code of some blocks together. */
export const tableOf = (blocks: readonly Histogram[]): Table => {
  const sums = sumsOf(blocks);
  return tableFrom(share(sums.litlen), share(sums.dist));
};

/** Neighbours that share a length make the header shorter: as many are made equal as pays over all blocks. */
export const polished = (blocks: readonly Histogram[]): Table => {
  const sums = sumsOf(blocks);
  const weights = { litlen: share(sums.litlen), dist: share(sums.dist) };
  const blockWeight = blocks.reduce((sum, block) => sum + Math.floor(BLOCK_WEIGHT / fixedCost(block)), 0);
  const price = (table: Table): number =>
    table.litlen.reduce((sum, length, symbol) => sum + length * sums.litlen[symbol]!, 0) +
    table.dist.reduce((sum, length, symbol) => sum + length * sums.dist[symbol]!, 0) +
    table.headBits * blockWeight;
  let best = tableFrom(weights.litlen, weights.dist);
  for (const part of ['litlen', 'dist'] as const) {
    for (const span of [2, 3, 4, 6, 8, 12, 2, 3, 4]) {
      for (let at = 0; at + span <= weights[part].length; at++) {
        const before = weights[part].slice(at, at + span);
        const even = Math.floor(before.reduce((a, b) => a + b, 0) / span);
        weights[part].fill(Math.max(even, 1), at, at + span);
        const table = tableFrom(weights.litlen, weights.dist);
        if (price(table) < price(best)) best = table;
        else weights[part].splice(at, span, ...before);
      }
    }
  }
  return best;
};

/** The price of the cheapest form in 1/65536 of the fixed codes' price. */
export const relativePrice = (block: Histogram, tables: readonly Table[]): number => {
  const fixed = fixedCost(block);
  const best = tables.reduce((least, table) => Math.min(least, tableCost(block, table)), fixed);
  return Math.floor((best * WEIGHT) / fixed);
};

/** The table that writes a block in the fewest bits; -1 when the fixed codes do. */
export const cheapest = (block: Histogram, tables: readonly Table[]): number => {
  let best = -1;
  let least = fixedCost(block);
  for (const [i, table] of tables.entries()) {
    const cost = tableCost(block, table);
    if (cost < least) [best, least] = [i, cost];
  }
  return best;
};

/** Moves blocks and tables until no block moves. */
const settle = (
  blocks: readonly Histogram[],
  tables: Table[],
  make: (blocks: readonly Histogram[]) => Table,
): void => {
  let chosen: number[] = [];
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const now = blocks.map((block) => cheapest(block, tables));
    if (now.every((table, i) => table === chosen[i])) return;
    chosen = now;
    for (let i = 0; i < tables.length; i++) {
      const own = blocks.filter((_, at) => chosen[at] === i);
      if (own.length > 0) tables[i] = make(own);
    }
  }
};

/** A start: the first block at random, each next one as likely as it is badly served by those before it. */
const seeded = (
  blocks: readonly Histogram[],
  own: readonly Table[],
  count: number,
  seed: number,
): Table[] => {
  let state = seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 0x1_0000_0000) * below);
  };
  const tables = [own[random(blocks.length)]!];
  while (tables.length < count) {
    const losses = blocks.map((block, i) =>
      Math.max(0, relativePrice(block, tables) - relativePrice(block, [own[i]!])),
    );
    let ticket = random(losses.reduce((a, b) => a + b, 0));
    const drawn = losses.findIndex((loss) => {
      ticket -= loss;
      return ticket < 0;
    });
    tables.push(own[drawn]!);
  }
  return tables;
};

/** The best of several starts, then with headers made short. */
export const trainTables = (
  blocks: readonly Histogram[],
  count: number,
  say: (line: string) => void,
): Table[] => {
  const own = blocks.map((block) => tableOf([block]));
  const total = (tables: readonly Table[]): number =>
    blocks.reduce((sum, block) => sum + relativePrice(block, tables), 0);
  let best: Table[] = [];
  for (let seed = 1; seed <= STARTS; seed++) {
    const tables = seeded(blocks, own, count, seed);
    settle(blocks, tables, tableOf);
    say(`start ${seed}: ${(total(tables) / blocks.length / WEIGHT).toFixed(4)} of the fixed codes' bits`);
    if (best.length === 0 || total(tables) < total(best)) best = tables;
  }
  for (let round = 0; round < POLISH_ROUNDS; round++) {
    const chosen = blocks.map((block) => cheapest(block, best));
    best = best.map((_, i) => polished(blocks.filter((_block, at) => chosen[at] === i)));
    say(`polished: ${(total(best) / blocks.length / WEIGHT).toFixed(4)}`);
  }
  return best;
};
