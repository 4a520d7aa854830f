/** The prebuilt addons load wherever a Linux of their processor runs Node: under glibc from 2.28 on, which Node 20 itself
 * asks for, and under musl. They need the C library alone, and of it what both have.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect } from 'vitest';
import type { Face } from '../../src/gzip/face.ts';
import { exportsOf, importsOf, neededBy, outputOf, prebuilt, testOf } from './elf.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-load-'));
const loader = fileURLToPath(new URL('load.c', import.meta.url));
const targets = ['linux-x64', 'linux-arm64'];
const MUSL = '/lib/ld-musl-x86_64.so.1';
/** The oldest glibc that Node 20's own binary runs on. */
const GLIBC_MINOR_MAX = 28;

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function isNodes(name: string): boolean {
  return /^(napi|uv)_/.test(name);
}

/** A program that loads <addon>, with a stand-in for each function of Node's. */
function loaderFor(addon: string, compiler: string): string {
  const names = importsOf(addon).map(({ name }) => name);
  const standIns = names.filter(isNodes).map((name) => `void ${name}(void) { abort(); }`);
  const source = join(folder, 'node.c');
  const program = join(folder, `load-${compiler.split('/').at(-1)}`);
  writeFileSync(source, `#include <stdlib.h>\n${standIns.join('\n')}\n`);
  outputOf(compiler, ['-O1', '-rdynamic', '-o', program, loader, source, '-ldl']);
  return program;
}

describe.each(targets)('%s', (target) => {
  testOf(target, ['readelf'], 'needs the C library alone', (file) => {
    expect(neededBy(file)).toEqual(['libc.so.6']);
  });

  testOf(target, ['nm'], 'gives Node its entries and nothing else', (file) => {
    expect(exportsOf(file).sort()).toEqual([
      'napi_register_module_v1',
      'node_api_module_get_api_version_v1',
      'pthread_sigmask',
    ]);
  });

  testOf(target, ['nm'], 'asks no glibc for more than Node itself does', (file) => {
    const versions = importsOf(file).map(({ version }) => version ?? '');
    const minors = versions.flatMap((version) => /^GLIBC_2\.(\d+)/.exec(version)?.[1] ?? []);
    expect(minors.length).toBeGreaterThan(10);
    expect(Math.max(...minors.map(Number))).toBeLessThanOrEqual(GLIBC_MINOR_MAX);
    expect(versions.filter((version) => version && !/^GLIBC_2\.\d/.test(version))).toEqual([]);
  });

  testOf(target, ['nm', 'musl-gcc'], 'asks for nothing that musl lacks', (file) => {
    const there = new Set(exportsOf(MUSL));
    const asked = importsOf(file).filter(({ name, isWeak }) => !isWeak && !isNodes(name));
    expect(asked.length).toBeGreaterThan(10);
    expect(asked.filter(({ name }) => !there.has(name))).toEqual([]);
  });
});

testOf('linux-x64', ['nm', 'cc'], 'loads under glibc, all bound', (file, [, cc]) => {
  expect(outputOf(loaderFor(file, cc as string), [file])).toBe('loaded\n');
});

testOf('linux-x64', ['nm', 'musl-gcc'], 'loads under musl, all bound', (file, [, cc]) => {
  const program = loaderFor(file, cc as string);
  expect(neededBy(program)).toEqual(['libc.so']);
  expect(outputOf(program, [file])).toBe('loaded\n');
});

testOf(
  'linux-arm64',
  ['nm', 'aarch64-linux-gnu-gcc', 'qemu-aarch64'],
  'loads under glibc, all bound',
  (file, [, cc, qemu]) => {
    const program = loaderFor(file, cc as string);
    expect(outputOf(qemu as string, ['-L', '/usr/aarch64-linux-gnu', program, file])).toBe('loaded\n');
  },
);

testOf(
  'linux-x64',
  ['nm', 'musl-gcc', 'cc'],
  'a loader that misses a symbol says so',
  (_file, [, musl, cc]) => {
    const source = join(folder, 'wants.c');
    const wanting = join(folder, 'wants.so');
    writeFileSync(source, 'void fcntl64(void);\nvoid napi_register_module_v1(void) { fcntl64(); }\n');
    outputOf(cc as string, ['-shared', '-fPIC', '-o', wanting, source]);
    const program = loaderFor(prebuilt('linux-x64'), musl as string);
    expect(() => outputOf(program, [wanting])).toThrow(/fcntl64/);
  },
);

const own = `linux-${process.arch}`;
testOf(own, [], 'compresses in this very Node', (file) => {
  const face = createRequire(file)(file) as Face;
  const text = Buffer.from('prebuilt '.repeat(100));
  const output = Buffer.alloc(face.slzBound(text.length));
  const length = face.slzOnce(1, 1, text, output);
  expect(gunzipSync(output.subarray(0, length)).equals(text)).toBe(true);
});
