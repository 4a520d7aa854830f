/**
 * Huffman codes for the trainer, from integers alone, so that every machine makes the same: the best lengths under a
 * limit (package-merge), canonical codes as deflate sends them, and the header that describes them (RFC 1951, section
 * 3.2.7). State: none.
 */

/**
 * The best code lengths of at most <lenMax> bits; every symbol gets one. Each level pairs what the level below offers
 * and adds the leaves; of the last level the 2n - 2 lightest are taken, and what a pair stands for one level down.
 */
export const codeLengths = (weights: readonly number[], lenMax: number): number[] => {
  const count = weights.length;
  const order = weights.map((_, symbol) => symbol).sort((a, b) => weights[a]! - weights[b]! || a - b);
  const leaves = order.map((symbol) => weights[symbol]!);
  const isLeaf: boolean[][] = [];
  let row: number[] = [];
  for (let level = 0; level < lenMax; level++) {
    const merged: number[] = [];
    const kinds: boolean[] = [];
    for (let leaf = 0, pair = 0; leaf < count || pair + 1 < row.length; ) {
      const weight = pair + 1 < row.length ? row[pair]! + row[pair + 1]! : Number.POSITIVE_INFINITY;
      const takesLeaf = leaf < count && leaves[leaf]! <= weight;
      merged.push(takesLeaf ? leaves[leaf++]! : weight);
      kinds.push(takesLeaf);
      if (!takesLeaf) pair += 2;
    }
    row = merged;
    isLeaf.push(kinds);
  }
  const lengths = weights.map(() => 0);
  for (let level = lenMax - 1, taken = 2 * count - 2; level >= 0 && taken > 0; level--) {
    const chosen = isLeaf[level]!.slice(0, taken).filter(Boolean).length;
    for (let leaf = 0; leaf < chosen; leaf++) lengths[order[leaf]!]!++;
    taken = 2 * (taken - chosen);
  }
  return lengths;
};

const reversed = (code: number, length: number): number => {
  let out = 0;
  for (let i = 0; i < length; i++) out |= ((code >> i) & 1) << (length - 1 - i);
  return out;
};

/** Canonical codes, first bit sent lowest. */
export const codesOf = (lengths: readonly number[]): number[] => {
  const codes = lengths.map(() => 0);
  let code = 0;
  for (let length = 1; length <= 15; length++) {
    for (const [symbol, own] of lengths.entries())
      if (own === length) codes[symbol] = reversed(code++, length);
    code <<= 1;
  }
  return codes;
};

const ITEM_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const ITEM_EXTRA = new Map([
  [16, 2],
  [17, 3],
  [18, 7],
]);

type Bits = readonly (readonly [value: number, length: number])[];

/** Code lengths as items of the header: the length, or the one before 3-6 times. None here is zero. */
const itemsOf = (lengths: readonly number[]): { item: number; extra: number }[] => {
  const items: { item: number; extra: number }[] = [];
  for (let at = 0; at < lengths.length; ) {
    const value = lengths[at]!;
    let run = 1;
    while (lengths[at + run] === value) run++;
    at += run;
    items.push({ item: value, extra: 0 });
    for (run--; run >= 3; run -= Math.min(run, 6)) items.push({ item: 16, extra: Math.min(run, 6) - 3 });
    for (; run > 0; run--) items.push({ item: value, extra: 0 });
  }
  return items;
};

/** The block's three type bits and its header. */
export const headerBits = (litlen: readonly number[], dist: readonly number[]): Bits => {
  const items = itemsOf([...litlen, ...dist]);
  const used = [...new Set(items.map(({ item }) => item))].sort((a, b) => a - b);
  const weights = used.map((item) => items.filter((one) => one.item === item).length);
  const usedLengths = codeLengths(weights, 7);
  const itemLengths = Array.from({ length: 19 }, (_, item) => usedLengths[used.indexOf(item)] ?? 0);
  const itemCodes = codesOf(itemLengths);
  let count = 19;
  while (count > 4 && itemLengths[ITEM_ORDER[count - 1]!] === 0) count--;
  return [
    [4, 3],
    [litlen.length - 257, 5],
    [dist.length - 1, 5],
    [count - 4, 4],
    ...ITEM_ORDER.slice(0, count).map((item) => [itemLengths[item]!, 3] as const),
    ...items.flatMap(({ item, extra }) => [
      [itemCodes[item]!, itemLengths[item]!] as const,
      [extra, ITEM_EXTRA.get(item) ?? 0] as const,
    ]),
  ];
};

export const bitCount = (bits: Bits): number => bits.reduce((sum, [, length]) => sum + length, 0);
