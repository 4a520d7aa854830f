/** How many threads the process has. */
import { availableParallelism } from 'node:os';
import type { Configuration } from '../model/configuration.ts';

/** Threads of the data plane at most: the engine's own limit, less main's. */
const THREADS_MAX = 63;

function limited(threads: number): number {
  return Math.min(Math.max(threads || availableParallelism(), 1), THREADS_MAX);
}

/** Threads that move data; with one it is main itself. */
export function threadCount(configuration: Configuration): number {
  return limited(configuration.global.nbthread);
}

/** Workers for <threads> data threads: one alone runs on main. */
export function workersOf(threads: number): number {
  return threads === 1 ? 0 : threads;
}
