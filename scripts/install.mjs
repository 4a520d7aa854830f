// `npm install`, first half: the native addon. Takes a prebuilt one when the package brings one that loads, else compiles
// with node-gyp, without a download when the running Node has its headers beside it. What is missing on the machine is
// said in one sentence before anything starts. An installed package (no src/) also gets its code caches here.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withLock } from './lock.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const require = createRequire(import.meta.url);
const OLDEST_NODE = 20;

function onPath(names) {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return names.some((name) => {
    if (!name) return false;
    const paths = name.includes('/') ? [name] : folders.map((folder) => join(folder, name));
    return paths.some((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
  });
}

/** One sentence saying what to install, or nothing. */
function missing() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < OLDEST_NODE) {
    return `Sluice needs Node ${OLDEST_NODE} or later, and this is Node ${process.versions.node}: install a newer one.`;
  }
  if (process.platform === 'win32') return undefined; // node-gyp looks for Visual Studio and says so itself
  const needed = [
    ['C compiler', [...(process.env.CC ? [process.env.CC.split(' ')[0]] : ['cc', 'gcc', 'clang'])]],
    ['C++ compiler', [...(process.env.CXX ? [process.env.CXX.split(' ')[0]] : ['c++', 'g++', 'clang++'])]],
    ['make', [process.env.MAKE ?? 'make', 'gmake']],
    ['Python 3', [process.env.npm_config_python ?? process.env.PYTHON ?? 'python3', 'python3', 'python']],
  ];
  const absent = needed.filter(([, names]) => !onPath(names)).map(([what]) => what);
  if (absent.length === 0) return undefined;
  const list = absent.join(', no ').replace(/, no ([^,]*)$/, ' and no $1');
  return `Sluice compiles its engine and finds no ${list} here: install with \`apt-get install build-essential python3\` (Debian) or \`apk add build-base python3\` (Alpine), then run npm install again.`;
}

/** The prefix whose include/node belongs to this very Node, if it was shipped. */
function nodeDirectory() {
  const prefix = join(dirname(process.execPath), '..');
  return existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? prefix : undefined;
}

function nodeGyp() {
  try {
    return require.resolve('node-gyp/bin/node-gyp.js');
  } catch {
    return process.env.npm_config_node_gyp;
  }
}

/** Whether the package brings an addon that this very Node can load. A checkout compiles its own sources. */
function hasPrebuilt() {
  const asksForSource = process.env.SLUICE_ADDON || process.env.npm_config_build_from_source;
  if (asksForSource || existsSync(join(root, 'src')) || !existsSync(join(root, 'prebuilds'))) return false;
  process.env.PREBUILDS_ONLY = '1';
  let path = '';
  try {
    path = require('node-gyp-build').resolve(root);
  } catch {
    return false; // none for this system
  }
  const loads = ['-e', 'require(process.argv[1])', path];
  const { status, stderr } = spawnSync(process.execPath, loads, { encoding: 'utf8' });
  if (status !== 0) {
    const reason = stderr.split('\n').find((line) => line.includes('Error')) ?? 'it crashes';
    console.error(`Sluice's prebuilt addon does not load here (${reason.trim()}): compiling.`);
  }
  return status === 0;
}

function compile() {
  const gyp = nodeGyp();
  if (!gyp) {
    return fail('Sluice found no node-gyp to compile with: run npm install through npm 8 or later.');
  }
  const prefix = nodeDirectory();
  const words = [gyp, 'configure', 'build', '--loglevel=error', `--jobs=${cpus().length}`];
  if (prefix) words.push(`--nodedir=${prefix}`);
  const result = spawnSync(process.execPath, words, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
  });
  const said = `${result.stdout}${result.stderr}`;
  const heard = said
    .split('\n')
    .filter(
      (line) =>
        !/^(make: |rm -f |ar crs |make\[|\s+(CC|CXX|AR|COPY|TOUCH|SOLINK_MODULE|LIBTOOL)\S*\s)/.test(line),
    );
  if (heard.join('').trim()) process.stderr.write(`${heard.join('\n').trim()}\n`);
  if (result.status !== 0) fail('Sluice could not compile its engine; the compiler says why above.');
}

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}

if (!hasPrebuilt()) {
  const complaint = missing();
  if (complaint) fail(complaint);
  await withLock(join(root, 'build', '.lock'), compile);
}
if (!existsSync(join(root, 'src'))) await (await import('./code-cache.mjs')).makeCodeCaches();
