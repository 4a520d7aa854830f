/** Which files are read, in which order, and what is said of those that cannot be. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readConfiguration } from './read.ts';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-read-'));
  mkdirSync(join(folder, 'conf.d', 'not-a-file.cfg'), { recursive: true });
  for (const name of ['20-b.cfg', '10-a.cfg', '.hidden.cfg', 'notes.txt', 'Z.cfg']) {
    writeFileSync(join(folder, 'conf.d', name), `# ${name}\n`);
  }
  writeFileSync(join(folder, 'bytes.cfg'), Buffer.from([0xe9, 0x0a]));
});

afterAll(() => rmSync(folder, { recursive: true }));

it('reads the *.cfg of a directory in the order of their names', () => {
  const { files, errors } = readConfiguration([join(folder, 'conf.d')]);
  expect(errors).toEqual([]);
  expect(files.map((file) => file.text)).toEqual(['# 10-a.cfg\n', '# 20-b.cfg\n', '# Z.cfg\n']);
});

it('keeps bytes as they are, one character each', () => {
  expect(readConfiguration([join(folder, 'bytes.cfg')]).files[0]?.text).toBe('\xe9\n');
});

it('goes on after a file that is not there', () => {
  const { files, errors } = readConfiguration([join(folder, 'none.cfg'), join(folder, 'bytes.cfg')]);
  expect(files).toHaveLength(1);
  expect(errors).toEqual([
    `Cannot open configuration file/directory ${join(folder, 'none.cfg')} : No such file or directory`,
  ]);
});
