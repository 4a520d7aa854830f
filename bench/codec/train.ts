/**
 * Trains the tables of the one-pass mode and writes native/slz/tables.c. The method: each training body gives a few
 * chunks from all over it, parsed as the encoder parses them, in pieces of 16 KB and of 64 KB; every 16 KB are one block.
 * k-means with the price in bits as distance clusters the blocks around Huffman codes, the best of several starts is
 * kept, and codes are evened out where a shorter header pays. The picker is a ridge regression of each table's savings
 * on a sample of the block's bytes. Integers, or IEEE numbers in a fixed order: the same bodies give the same file.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Body, fetchBodies, loadBodies, manifest } from './bodies.ts';
import { tablesText } from './training/emit.ts';
import { parseChunk } from './training/parse.ts';
import { type Sample, trainPicker } from './training/picker.ts';
import { trainTables } from './training/tables.ts';

const TABLES = 8;
const CHUNK_LENGTHS = [16_384, 65_536];
const CHUNKS_PER_BODY = 8;
const BLOCK = 16_384;
const BLOCK_MIN = 2048;
const PLACE = 'native/slz/tables.c';

/** The blocks of a body: at most CHUNKS_PER_BODY places, evenly spread. */
const samplesOf = (body: Body): Sample[] => {
  const samples: Sample[] = [];
  const places = Math.ceil(body.bytes.length / 65_536);
  const count = Math.min(places, CHUNKS_PER_BODY);
  for (let i = 0; i < count; i++) {
    const from = Math.floor((i * places) / count) * 65_536;
    for (const length of CHUNK_LENGTHS) {
      const chunk = body.bytes.subarray(from, from + length);
      if (chunk.length < BLOCK_MIN) continue;
      for (const [at, histogram] of parseChunk(chunk, BLOCK).entries()) {
        const bytes = chunk.subarray(at * BLOCK, (at + 1) * BLOCK);
        if (bytes.length >= BLOCK_MIN) samples.push({ histogram, bytes });
      }
    }
  }
  return samples;
};

export const trainedText = (bodies: readonly Body[], say: (line: string) => void): string => {
  const samples = bodies.flatMap(samplesOf);
  say(`${bodies.length} bodies, ${samples.length} blocks`);
  const tables = trainTables(
    samples.map(({ histogram }) => histogram),
    TABLES,
    say,
  );
  return tablesText(tables, trainPicker(samples, tables));
};

/** Writes the tables, or with --check says whether they are what training gives. */
export const main = (argv: readonly string[], root: string): number => {
  const entries = manifest(root, 'training');
  fetchBodies(entries, console.log);
  const text = trainedText(loadBodies(entries), console.log);
  const path = join(root, PLACE);
  if (argv.includes('--check')) {
    const same = readFileSync(path, 'utf8') === text;
    console.log(`${PLACE} is ${same ? '' : 'not '}what training gives`);
    return same ? 0 : 1;
  }
  writeFileSync(path, text);
  console.log(`${PLACE} written`);
  return 0;
};
