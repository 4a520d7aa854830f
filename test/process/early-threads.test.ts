/** How many data threads boot before the configuration is read: a guess from its text, wherever its files lie. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { atTestEnd } from '../tool/at-end.ts';

const { bootThreads } = createRequire(import.meta.url)('../../bin/early-threads.cjs') as {
  bootThreads(words: readonly string[], how?: { isWorker: boolean }): Worker[];
};

function folderWith(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-early-'));
  atTestEnd(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'conf.d'));
  writeFileSync(join(folder, 'conf.d', 'a.cfg'), text);
  return folder;
}

async function count(words: readonly string[], isWorker = false): Promise<number> {
  const threads = bootThreads(words, { isWorker });
  await Promise.all(threads.map((thread) => thread.terminate()));
  return threads.length;
}

it('finds nbthread by absolute and relative paths, in a folder, below -C', async () => {
  const folder = folderWith('global\n  nbthread 3\n');
  const file = join(folder, 'conf.d', 'a.cfg');
  expect(await count(['-f', file])).toBe(3);
  expect(await count(['-f', relative(process.cwd(), file)])).toBe(3);
  expect(await count(['-C', folder, '-f', 'conf.d'])).toBe(3);
  expect(await count(['--', file])).toBe(3);
});

it('boots none where this process moves no data, but in its worker', async () => {
  const folder = folderWith('global\n  nbthread 2\n  master-worker\n');
  const file = join(folder, 'conf.d', 'a.cfg');
  expect(await count(['-f', file])).toBe(0);
  expect(await count(['-W', '-f', file], true)).toBe(2);
  expect(await count(['-c', '-f', file])).toBe(0);
});

it('boots none for one thread: that is the main one', async () => {
  expect(await count(['-f', join(folderWith('global\n  nbthread 1\n'), 'conf.d', 'a.cfg')])).toBe(0);
});
