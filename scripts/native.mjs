// Answers binding.gyp's questions: which files are compiled, and which flags this compiler knows.
//   node scripts/native.mjs sources slz|linux|mac|win   one path a line
//   node scripts/native.mjs portable-flags|encoder-flags
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Folders of native/ that hold no part of the addon. */
const notInAddon = new Set(['test', 'gdb', 'slz', 'binding']);

/** Every .c or .cc file of native/<folder>, relative to the root. */
function filesOf(folder, ending) {
  const path = join(root, 'native', folder);
  if (!existsSync(path)) return [];
  const names = readdirSync(path).sort();
  return names.filter((name) => name.endsWith(ending)).map((name) => `native/${folder}/${name}`);
}

/** What of the binding compiles wherever Node does; the rest, and the C++ runtime's stand-in, are for Linux. */
const encoderBinding = ['addon.cc', 'gzip_face.cc'].map((name) => `native/binding/${name}`);

/** The encoder compiles wherever Node does; the engine on Linux alone. */
export function sources(what) {
  if (what === 'slz') return [...filesOf('slz', '.c'), ...filesOf('cpu', '.c')];
  const rooms = readdirSync(join(root, 'native'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !notInAddon.has(entry.name) && entry.name !== 'cpu')
    .map((entry) => entry.name)
    .sort();
  if (what !== 'linux') return encoderBinding;
  return [...rooms.flatMap((room) => filesOf(room, '.c')), ...filesOf('binding', '.cc')];
}

/** Those of <flags> that the C compiler takes. */
function knownFlags(flags) {
  const compiler = (process.env.CC ?? 'cc').split(' ');
  const takes = (flag) =>
    spawnSync(compiler[0], [...compiler.slice(1), '-Werror', flag, '-x', 'c', '-fsyntax-only', '/dev/null'])
      .status === 0;
  return flags.filter(takes);
}

const [question, argument] = process.argv.slice(2);
if (question === 'sources') console.log(sources(argument).join('\n'));
// With descriptors, thread-local variables of the addon need nothing from the dynamic loader's library; without outlined
// atomics an arm64 addon asks no private function of glibc which processor it runs on. A thread's stack ends in one page that
// cannot be touched, and the addon's own variables may lie right below it: a frame larger than that page touches each of its
// pages, so that a stack that is full faults, and writes over nothing.
if (question === 'portable-flags') {
  const flags = ['-mtls-dialect=gnu2', '-mno-outline-atomics', '-fstack-clash-protection'];
  console.log(knownFlags(flags).join('\n') || '-fPIC');
}
if (question === 'encoder-flags') {
  console.log(
    knownFlags(['-fno-tree-vectorize', '-fno-if-conversion', '-fno-if-conversion2']).join('\n') || '-fPIC',
  );
}
