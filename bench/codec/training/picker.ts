/**
 * The picker's weights: what each byte of a sample says about each table's price. A sample is read at fixed places of a
 * block; the sum of its bytes' weights estimates how many bits a table saves over the fixed codes, and the table with
 * the largest estimate is taken. The weights are the ridge regression of the true savings on the sample's bytes, drawn to what the codes' lengths alone say. Only
 * the four operations of IEEE numbers are used, in one order, so that every machine finds the same. State: none.
 */

import type { Histogram } from './parse.ts';
import { fixedCost, fixedLitlen, type Table, tableCost } from './tables.ts';

export interface Sample {
  readonly histogram: Histogram;
  readonly bytes: Buffer;
}

/** As the encoder reads it: so many pieces of eight bytes, the first and the last at the ends. */
export const SAMPLE_PIECES = 64;
export const PIECE = 8;
const BYTES = 256;
const RIDGE = 0.05;
/**
 * What a byte says before anything is learned: a third of all bytes are sent as literals, and a byte costs about 2.3
 * bits. Bytes that training hardly meets, those of binary bodies for instance, keep this.
 */
const PRIOR = 0.15;
/** So that the sum over a sample fits 16 bits. */
const WEIGHT_MAX = 63;
/** What a new header costs, as a share of a block's fixed bits: less than that is no reason to change tables. */
const HEAD_SHARE = 0.014;

export const sampleOf = (bytes: Buffer): Float64Array => {
  const counts = new Float64Array(BYTES);
  const step = Math.floor((bytes.length - PIECE) / (SAMPLE_PIECES - 1));
  for (let piece = 0; piece < SAMPLE_PIECES; piece++)
    for (let i = 0; i < PIECE; i++) counts[bytes[piece * step + i]!]! += 1 / (SAMPLE_PIECES * PIECE);
  return counts;
};

/** Solves a symmetric, positive system in place by Cholesky's factors. */
const solve = (matrix: Float64Array[], right: Float64Array): Float64Array => {
  const n = right.length;
  const x = Float64Array.from(right);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i]! -= matrix[i]![k]! * x[k]!;
    x[i]! /= matrix[i]![i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i]! -= matrix[k]![i]! * x[k]!;
    x[i]! /= matrix[i]![i]!;
  }
  return x;
};

const factor = (matrix: Float64Array[]): void => {
  for (let i = 0; i < matrix.length; i++) {
    for (let k = 0; k <= i; k++) {
      let sum = matrix[i]![k]!;
      for (let j = 0; j < k; j++) sum -= matrix[i]![j]! * matrix[k]![j]!;
      matrix[i]![k] = i === k ? Math.sqrt(sum) : sum / matrix[k]![k]!;
    }
  }
};

export interface Picker {
  /** By table and byte. */
  readonly weights: number[][];
  readonly stay: number;
}

export const trainPicker = (samples: readonly Sample[], tables: readonly Table[]): Picker => {
  const features = samples.map(({ bytes }) => sampleOf(bytes));
  const matrix = Array.from({ length: BYTES }, (_, i) => {
    const row = new Float64Array(BYTES);
    row[i] = RIDGE;
    return row;
  });
  for (const sample of features)
    for (let i = 0; i < BYTES; i++)
      if (sample[i] !== 0) for (let k = 0; k < BYTES; k++) matrix[i]![k]! += sample[i]! * sample[k]!;
  factor(matrix);
  const weights = tables.map((table) => {
    const prior = Array.from({ length: BYTES }, (_, i) => PRIOR * (fixedLitlen(i) - table.litlen[i]!));
    const right = new Float64Array(BYTES);
    for (const [at, { histogram }] of samples.entries()) {
      const fixed = fixedCost(histogram);
      let saved = (fixed - tableCost(histogram, table)) / fixed;
      for (let i = 0; i < BYTES; i++) saved -= features[at]![i]! * prior[i]!;
      for (let i = 0; i < BYTES; i++) right[i]! += features[at]![i]! * saved;
    }
    return solve(matrix, right).map((learned, i) => learned + prior[i]!);
  });
  const largest = weights.reduce((most, row) => row.reduce((a, b) => Math.max(a, Math.abs(b)), most), 0);
  return {
    weights: weights.map((row) => Array.from(row, (weight) => Math.round((weight * WEIGHT_MAX) / largest))),
    stay: Math.round((HEAD_SHARE * SAMPLE_PIECES * PIECE * WEIGHT_MAX) / largest),
  };
};
