/** The first step of a start: data threads begin to boot while the configuration is still being read (they need no part of it to load
 * their code). How many is guessed from the text; a wrong guess only costs time.
 */
import { availableParallelism } from 'node:os';
import type { SourceFile } from '../config/lines.ts';
import type { Configuration } from '../model/configuration.ts';
import { DataThreads } from './data-threads.ts';

/** Threads of the data plane at most: the engine's own limit, less main's. */
const THREADS_MAX = 63;

function limited(threads: number): number {
  return Math.min(Math.max(threads || availableParallelism(), 1), THREADS_MAX);
}

/** Threads that move data; with one it is main itself. */
export function threadCount(configuration: Configuration): number {
  return limited(configuration.global.nbthread);
}

function guess(files: readonly SourceFile[]): number {
  let threads = 0;
  for (const { text } of files) {
    for (const match of text.matchAll(/^[ \t]*nbthread[ \t]+(\d{1,3})/gm)) threads = Number(match[1]);
  }
  return limited(threads);
}

export function workersOf(threads: number): number {
  return threads === 1 ? 0 : threads;
}

export function bootDataThreads(files: readonly SourceFile[]): DataThreads {
  return new DataThreads(workersOf(guess(files)));
}
