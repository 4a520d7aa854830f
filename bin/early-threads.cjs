// The very first step of a start: data threads begin to boot before the program itself is loaded (they need no part of the
// configuration to load their code, and Node needs 50 ms for each). How many is guessed from the configuration's text; a
// wrong guess only costs time, the program then starts or ends what is missing or too much.
'use strict';
const { readFileSync, readdirSync, statSync } = require('node:fs');
const { availableParallelism } = require('node:os');
const { join, resolve } = require('node:path');

const program = join(__dirname, 'data-thread.cjs');

/** Threads that are started on a guess at most. */
const GUESS_MAX = 16;
/** Words that mean: this process moves no data. A worker is given some of them too: they were meant for its master. */
const IDLE_WORDS = new Set(['-c', '-W', '-Ws', '-v', '-vv', '-cc']);
/** The second process of `-D` (src/process/daemon.ts) does what the first one left to it. */
const isDetached = process.env.SLUICE_DAEMON_FD !== undefined;

/** The configuration's files as the command line names them. */
function* files(words) {
  const after = (word) => words[words.indexOf(word) + 1] ?? '';
  const folder = words.includes('-C') ? after('-C') : '.';
  const rest = words.indexOf('--');
  for (let i = 0; i < words.length; i++) {
    if (!(rest >= 0 && i > rest) && words[i - 1] !== '-f') continue;
    const path = resolve(folder, words[i]);
    if (!statSync(path).isDirectory()) yield path;
    else yield* readdirSync(path).map((name) => join(path, name));
  }
}

function guess(words, isWorker) {
  if (!isWorker && words.some((word) => IDLE_WORDS.has(word) || word.startsWith('-dK'))) return 0;
  const isDone = isWorker || isDetached;
  if (words.includes('-D') && !isDone) return 0;
  let threads = 0;
  let named = 0;
  for (const path of files(words)) {
    named++;
    const text = readFileSync(path, 'latin1');
    if (!isWorker && /^[ \t]*master-worker\b/m.test(text)) return 0;
    if (!isDone && /^[ \t]*daemon\b/m.test(text) && !words.includes('-db')) return 0;
    for (const [, count] of text.matchAll(/^[ \t]*nbthread[ \t]+(\d{1,3})/gm)) threads = Number(count);
  }
  if (named === 0) return 0;
  const wanted = threads || availableParallelism();
  return wanted === 1 ? 0 : Math.min(wanted, GUESS_MAX);
}

/** Threads without work, which do not keep the process alive. */
function bootThreads(words, { isWorker = false } = {}) {
  let count = 0;
  try {
    count = guess(words, isWorker);
  } catch {} // a file that cannot be read is the program's to complain about
  if (count === 0) return [];
  const { Worker } = require('node:worker_threads');
  return Array.from({ length: count }, () => {
    const worker = new Worker(program, { argv: [], stdin: false });
    worker.unref();
    return worker;
  });
}

module.exports = { bootThreads };
