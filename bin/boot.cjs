// Starts a bundle of dist/ with its code cache. A cache belongs to one bundle, one Node version and one processor
// architecture; its first 64 bytes say which. Absent, stale or refused by V8, the bundle is compiled as usual.
'use strict';
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { Script } = require('node:vm');

const dist = join(__dirname, '..', 'dist');

/** Bytes before V8's data; a multiple of 8, since V8 copies data that is not aligned. */
const CACHE_HEAD_LEN = 64;

/** The line a cache of <source> begins with; every bundle begins with its own hash in a comment. */
function cacheHead(source) {
  return `${source.slice(2, 34)} ${process.version} ${process.arch}`.padEnd(CACHE_HEAD_LEN);
}

function cacheOf(path, source) {
  try {
    const file = readFileSync(path);
    if (file.latin1Slice(0, CACHE_HEAD_LEN) === cacheHead(source)) return file.subarray(CACHE_HEAD_LEN);
  } catch {}
  return undefined;
}

/** dist/<name>.cjs as a script not yet run, and where it lies. */
function compile(name) {
  const filename = join(dist, `${name}.cjs`);
  const source = readFileSync(filename, 'latin1');
  const wrapped = `(function (exports, require, module, __filename, __dirname) {${source}\n})`;
  const script = new Script(wrapped, { filename, cachedData: cacheOf(`${filename}.cache`, source) });
  return { script, filename };
}

/** Runs dist/<name>.cjs and gives what it exports. */
function load(name) {
  const { script, filename } = compile(name);
  const module = { exports: {} };
  script.runInThisContext().call(module.exports, module.exports, require, module, filename, dist);
  return module.exports;
}

/** Ends the process with one sentence when the program is not built, or built for another machine. */
function explain(error) {
  const root = join(__dirname, '..');
  if (error.code === 'ENOENT' && String(error.path).startsWith(dist)) {
    process.stderr.write(`sluice: not built yet (no ${error.path}): run \`npm install\` in ${root}\n`);
  } else if (error.code === 'ERR_DLOPEN_FAILED' || /No native build was found/.test(error.message)) {
    const reason = String(error.message).split('\n')[0];
    process.stderr.write(
      `sluice: the native engine does not load (${reason}): run \`npm rebuild\` in ${root}\n`,
    );
  } else {
    throw error;
  }
  process.exit(1);
}

/** Ends the process with one sentence where there is no epoll. */
function needLinux() {
  if (process.platform === 'linux') return;
  process.stderr.write(
    `sluice: the proxy needs Linux and this is ${process.platform}; the library sluice/gzip works here too\n`,
  );
  process.exit(1);
}

module.exports = { compile, load, explain, needLinux, cacheHead };
