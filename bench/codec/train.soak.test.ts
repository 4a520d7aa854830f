/** The committed tables are what training gives, byte for byte: about two minutes, where the bodies are in the cache. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { bodiesArePresent, loadBodies, manifest } from './bodies.ts';
import { trainedText } from './train.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const entries = manifest(root, 'training');
const SECONDS_MAX = 600;

test.skipIf(!bodiesArePresent(entries))(
  'training gives native/slz/tables.c again',
  () => {
    const committed = readFileSync(join(root, 'native/slz/tables.c'), 'utf8');
    expect(trainedText(loadBodies(entries), () => undefined) === committed).toBe(true);
  },
  SECONDS_MAX * 1000,
);
