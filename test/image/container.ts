/** Commands in the container that test/image/image.sh made: started as its entrypoint would be, bounded, with what they said.
 * The folder belongs to the test that built it.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { peer } from '../tool/peer.ts';

const script = fileURLToPath(new URL('./image.sh', import.meta.url));
/** Of ENTRYPOINT in Dockerfile.debug: `buildah run` starts what it is told instead. */
const entrypoint = '/usr/src/sluice/scripts/debug-entrypoint.sh';
/** buildah's own word about a command that ended with another code than 0. */
const BUILDAH_SAYS = /^(subprocess exited with status \d+|Error: exit status \d+|exit status \d+)\n/gm;

export const COMMAND_MAX_MS = 120_000;

export interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  readonly ms: number;
}

/** Why no image can be made here; empty when one can. */
export function obstacle(): string {
  if (process.getuid?.() !== 0) return 'needs root';
  const absent = ['buildah', 'debootstrap', 'unshare'].filter((name) => peer(name) === undefined);
  if (absent.length > 0) return `needs ${absent.join(', ')}`;
  try {
    accessSync('/etc/debian_version', constants.R_OK);
    return '';
  } catch {
    return 'needs Debian';
  }
}

export function imageStep(what: 'build' | 'clean', folder: string, boundMs: number): Promise<Said> {
  return said('sh', [script, what, folder], boundMs);
}

/** Not spawnSync: the test runner wants to hear from its workers meanwhile. */
async function said(program: string, words: readonly string[], boundMs: number): Promise<Said> {
  const beganMs = performance.now();
  const child = spawn(program, words, {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: boundMs,
    killSignal: 'SIGKILL',
  });
  const [out, err] = [textOf(child.stdout), textOf(child.stderr)];
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out: out(), err: err().replace(BUILDAH_SAYS, ''), ms: performance.now() - beganMs };
}

/** What <stream> gave up to now. */
export function textOf(stream: Readable): () => string {
  let text = '';
  stream.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  return () => text;
}

export interface Surroundings {
  /** Words for `buildah run`. */
  readonly words?: readonly string[];
  /** Run by a shell in the container before the entrypoint takes its place. */
  readonly before?: string;
  /** A file that stands for kernel.core_pattern, which is the whole machine's. */
  readonly pattern?: string;
}

function wordsOf(folder: string, command: readonly string[], around: Surroundings): string[] {
  const { words = [], before = '', pattern = '' } = around;
  const started = ['sh', '-c', `${before === '' ? '' : `${before};`} exec "$0" "$@"`, ...command];
  const run = ['sh', script, 'run', folder, ...words, '--', ...started];
  if (pattern === '') return run;
  const mounting = 'mount --bind "$0" /proc/sys/kernel/core_pattern && exec "$@"';
  return ['unshare', '-m', 'sh', '-c', mounting, pattern, ...run];
}

/** The image as a user runs it: the entrypoint with <command>. */
export function enter(folder: string, command: readonly string[], around: Surroundings = {}): Promise<Said> {
  const [program = '', ...words] = wordsOf(folder, [entrypoint, ...command], around);
  return said(program, words, COMMAND_MAX_MS);
}

/** The same, while the test goes on. */
export function start(
  folder: string,
  command: readonly string[],
  around: Surroundings = {},
): ChildProcessByStdio<null, Readable, Readable> {
  const [program = '', ...words] = wordsOf(folder, [entrypoint, ...command], around);
  return spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'] });
}
