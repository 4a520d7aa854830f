/** What is said when the addon is not there, or is not ours. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

let root = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sluice-load-'));
  vi.resetModules(); // what is loaded is remembered in the module
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

async function faultOf(): Promise<Error> {
  const { loadAddon } = await import('./load.ts');
  try {
    loadAddon(root);
  } catch (error) {
    return error as Error;
  }
  throw new Error('it loads');
}

function put(path: string, text: string): string {
  const file = join(root, path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, text);
  return file;
}

test('nowhere: every place that was looked at, and how to build it', async () => {
  const fault = await faultOf();
  expect(fault).toMatchObject({ code: 'ERR_DLOPEN_FAILED' });
  expect(fault.message).toContain('is missing (looked for ');
  expect(fault.message).toContain(join(root, 'build/Release/sluice.node'));
  expect(fault.message).toContain(join(root, `prebuilds/${process.platform}-${process.arch}/sluice.node`));
  expect(fault.message).toMatch(/run `npm run build`, which needs a C compiler, make and Python 3\.$/);
});

test('a file that is no addon: why, in one line', async () => {
  const file = put('build/Release/sluice.node', 'not an addon');
  const fault = await faultOf();
  expect(fault).toMatchObject({ code: 'ERR_DLOPEN_FAILED' });
  expect(fault.message).toContain('does not load: ');
  expect(fault.message).toContain(file);
  expect(fault.message).not.toContain('\n');
});

test('the first reason counts, whatever lies behind it', async () => {
  put('build/Release/sluice.node', 'not an addon');
  const prebuilt = put(`prebuilds/${process.platform}-${process.arch}/sluice.node`, 'nor this');
  expect((await faultOf()).message).toMatch(/does not load: [^(]*build\/Release\/sluice\.node/);
  expect((await faultOf()).message).toContain(prebuilt);
});
