/** When a file on disk still counts as the one that was read. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { digestOf, isAsSeen, see, seenFrom } from './seen.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-seen-'));
const path = join(folder, 'a');
const LONG_AGO_S = 1_000_000_000;

function write(text: string): void {
  writeFileSync(path, text);
  utimesSync(path, LONG_AGO_S, LONG_AGO_S);
}

afterEach(() => {
  rmSync(folder, { recursive: true });
  mkdirSync(folder);
});

it('is the same file with the same times, changed long before', () => {
  write('one');
  const seen = { ...see(path), changedMs: 0 };
  expect(isAsSeen(seen)).toBe(true);
});

it('a file written just before it was read is compared by its bytes: its times tell nothing yet', () => {
  write('one');
  expect(isAsSeen(see(path))).toBe(false);
  expect(isAsSeen({ ...see(path), digest: digestOf(Buffer.from('one')) })).toBe(true);
  expect(isAsSeen({ ...see(path), digest: digestOf(Buffer.from('two')) })).toBe(false);
});

it('other bytes, a file that is gone, one that has come, another one behind a link', () => {
  const digest = digestOf(Buffer.from('one'));
  write('one');
  const seen = { ...see(path), digest };
  write('two');
  expect(isAsSeen(seen)).toBe(false);
  unlinkSync(path);
  expect(isAsSeen(seen)).toBe(false);
  const absent = see(path);
  expect(isAsSeen(absent)).toBe(true);
  writeFileSync(join(folder, 'b'), 'two');
  symlinkSync('b', path);
  expect(isAsSeen(absent)).toBe(false);
  expect(isAsSeen(seen)).toBe(false);
});

it('a folder is the same until a name in it comes or goes', () => {
  const seen = { ...see(folder), changedMs: 0 };
  expect(isAsSeen(seen)).toBe(true);
  writeFileSync(join(folder, 'c'), '');
  expect(isAsSeen(seen)).toBe(false);
});

it('what another process wrote down is checked', () => {
  expect(seenFrom(JSON.stringify([see(path)]))).toHaveLength(1);
  for (const text of [
    '',
    '{}',
    '[null]',
    '[{}]',
    '[{"path":1,"stamp":"","digest":"","changedMs":0,"atMs":0}]',
  ])
    expect(seenFrom(text)).toBeUndefined();
});
