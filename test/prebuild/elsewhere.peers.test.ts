/** The library is for any desk: what it is compiled from elsewhere than on Linux holds no header of Linux, judged by a
 * compiler that has none.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { testWith } from '../tool/peer.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const require = createRequire(import.meta.url);
const headers = join(dirname(process.execPath), '..', 'include', 'node');
const common = ['-O2', '-Wall', '-Wextra', '-Werror', '-fsyntax-only', '-I', 'native'];
const cxx = [
  ...['-std=gnu++17', '-fno-exceptions', '-fno-rtti', '-Wno-unused-parameter'],
  ...['-isystem', dirname(require.resolve('node-addon-api')), '-isystem', headers],
  ...['-DNAPI_VERSION=9', '-DNAPI_DISABLE_CPP_EXCEPTIONS', '-DNODE_ADDON_API_DISABLE_DEPRECATED'],
];

/** The files that binding.gyp names for a system. */
function sources(what: string): string[] {
  const run = spawnSync(process.execPath, ['scripts/native.mjs', 'sources', what], {
    cwd: root,
    encoding: 'utf8',
  });
  return run.stdout.trim().split('\n');
}

function complaints(compiler: string, words: readonly string[], file: string): string {
  return spawnSync(compiler, [...words, file], { cwd: root, encoding: 'utf8' }).stderr;
}

test('elsewhere the addon is the encoder and its face', () => {
  for (const system of ['mac', 'win', 'freebsd'])
    expect(sources(system)).toEqual(['native/binding/addon.cc', 'native/binding/gzip_face.cc']);
  expect(sources('linux')).toContain('native/binding/engine_face.cc');
  expect(sources('slz').length).toBeGreaterThan(5);
});

test('what it is compiled from includes what every C11 compiler has', () => {
  const standard = /^(std(bool|def|int|lib|atomic|align)|string|limits|napi)\.h$/;
  const processors = /^(cpuid|[a-z]mmintrin|arm_(neon|acle)|sys\/auxv|asm\/hwcap)\.h$/; // each within an #if of its own
  const guarded = /^(unistd|io)\.h$/; // base.h takes one or the other
  const rooms = ['native', 'native/slz', 'native/binding'];
  const names = rooms.flatMap((room) => readdirSync(join(root, room)).map((name) => `${room}/${name}`));
  const ours = names.filter((name) => /^native\/(base\.h|slz\/|binding\/(addon|gzip|faces))/.test(name));
  const included = ours.flatMap((name) => {
    const text = readFileSync(join(root, name), 'utf8');
    return [...text.matchAll(/^ *# *include <(.*)>/gm)].map(([, header]) => ({
      name,
      header: header as string,
    }));
  });
  const foreign = included.filter(({ name, header }) => {
    if (standard.test(header) || processors.test(header)) return false;
    return header !== 'errno.h' && !(name === 'native/base.h' && guarded.test(header));
  });
  expect(included.length).toBeGreaterThan(10);
  expect(foreign).toEqual([]);
});

testWith(
  ['x86_64-w64-mingw32-gcc', 'x86_64-w64-mingw32-g++'],
  'the encoder compiles for Windows',
  ([c, cpp]) => {
    for (const file of sources('slz'))
      expect(complaints(c as string, ['-std=gnu11', ...common], file)).toBe('');
    for (const file of sources('win')) expect(complaints(cpp as string, [...cxx, ...common], file)).toBe('');
  },
);

testWith(['x86_64-w64-mingw32-g++'], 'the engine does not, or this would prove nothing', ([cpp]) => {
  expect(complaints(cpp as string, [...cxx, ...common], 'native/binding/socket_face.cc')).toMatch(/netinet/);
});
