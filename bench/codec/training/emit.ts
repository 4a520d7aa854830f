/** Writes what was trained as the C source that the encoder compiles. State: none. */
import { bitCount, codesOf, headerBits } from './huffman.ts';
import { CODE_END, DIST_SYMBOLS, lenExtraBits, lenSymbol } from './parse.ts';
import type { Picker } from './picker.ts';
import type { Table } from './tables.ts';

const HEAD_WORDS = 20;
const CODE_SHIFT = 12;
const LINE_WIDTH = 116;

const hex = (value: number): string => `0x${value.toString(16)}`;

/** `[indent]a, b, c,` in as few lines as the width allows. */
const lines = (values: readonly string[], indent: string): string => {
  const out: string[] = [];
  let line = indent;
  for (const value of values) {
    if (line.length + value.length + 2 > LINE_WIDTH) {
      out.push(line.trimEnd());
      line = indent;
    }
    line += `${value}, `;
  }
  return [...out, line.trimEnd()].join('\n');
};

/** CODE() of native/slz/codes.h: the bits above, their number below. */
const code = (bits: number, length: number): string => hex(bits * (1 << CODE_SHIFT) + length);

const matchCodes = (lengths: readonly number[], codes: readonly number[]): string[] =>
  Array.from({ length: 256 }, (_, index) => {
    const symbol = lenSymbol(index + 3);
    const extra = lenExtraBits(index + 3);
    const rest = index & ((1 << extra) - 1);
    return code(codes[symbol]! | (rest << lengths[symbol]!), lengths[symbol]! + extra);
  });

const headWords = (table: Table): { words: number[]; length: number } => {
  const bits = headerBits(table.litlen, table.dist);
  const words = new Array<number>(HEAD_WORDS).fill(0);
  let at = 0;
  for (const [value, length] of bits) {
    for (let i = 0; i < length; i++, at++)
      words[at >> 5] = (words[at >> 5]! | (((value >> i) & 1) << (at & 31))) >>> 0;
  }
  if (at > HEAD_WORDS * 32) throw new Error(`a header of ${at} bits`);
  return { words, length: bitCount(bits) };
};

const tableText = (table: Table): string => {
  const litlen = codesOf(table.litlen);
  const dist = codesOf(table.dist);
  const head = headWords(table);
  const literals = Array.from({ length: CODE_END }, (_, i) => code(litlen[i]!, table.litlen[i]!));
  const distances = Array.from({ length: 32 }, (_, i) =>
    i < DIST_SYMBOLS ? code(dist[i]!, table.dist[i]!) : '0',
  );
  return `    {
        .codes = {
            .lit = {
${lines(literals, '                ')}
            },
            .len = {
${lines(matchCodes(table.litlen, litlen), '                ')}
            },
            .dist = {
${lines(distances, '                ')}
            },
            .end = ${code(litlen[CODE_END]!, table.litlen[CODE_END]!)},
        },
        .head = {
${lines(head.words.map(hex), '            ')}
        },
        .head_len = ${head.length},
    },`;
};

export const tablesText = (
  tables: readonly Table[],
  picker: Picker,
): string => `/* Made by bench/codec/train.ts: change that. Read tables.h for what this is. */
#include "tables.h"

const int16_t slz_sample_stay = ${picker.stay};

const struct slz_table slz_tables[TABLES] = {
${tables.map(tableText).join('\n')}
};

const int16_t slz_sample_weights[256][TABLES] = {
${lines(
  Array.from({ length: 256 }, (_, byte) => `{${picker.weights.map((row) => row[byte]).join(', ')}}`),
  '    ',
)}
};
`;
