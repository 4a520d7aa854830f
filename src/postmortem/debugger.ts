/** The stack of a core or of a live process, by gdb with our Python (native/gdb): native and JavaScript frames. gdb may be absent, and
 * takes its time with a large program; everything is bounded, and nothing beside the files named here is loaded.
 */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Examination } from './examine.ts';

const TIME_MAX_MS = 60_000;
const OUTPUT_MAX_BYTES = 4 * 1024 * 1024;

export interface Stack {
  readonly lines: readonly string[];
  /** Why there is none, as a sentence. */
  readonly fault: string;
}

function scriptPath(name: string): string {
  return join(fileURLToPath(new URL('..', import.meta.url)), 'native', 'gdb', name);
}

/** Settings that keep gdb from running what lies beside a foreign core, or asking the network for symbols. */
const SAFE = [
  '-q',
  '-batch',
  '-nx',
  ...['-iex', 'set auto-load off'],
  ...['-iex', 'set debuginfod enabled off'],
  ...['-iex', 'set confirm off'],
];

function gdb(words: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync('gdb', words, {
    encoding: 'latin1',
    timeout: TIME_MAX_MS,
    maxBuffer: OUTPUT_MAX_BYTES,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** `function at file:line` of <offsets> in <file>, for those that have any; a sentence when gdb cannot be asked. */
export function placesOf(file: string, offsets: readonly number[]): Map<number, string> | string {
  const script = scriptPath('places.py');
  if (!existsSync(script)) return `${script} is not there`;
  const command = `python places([${offsets.join(', ')}])`;
  const run = gdb([...SAFE, '-ex', `source ${script}`, '-ex', command, file]);
  if (run.error !== undefined) return faultOf(run.error as NodeJS.ErrnoException, 'functions have no names');
  const found = run.stdout.matchAll(/^@([0-9a-f]{1,13}) (\S.*)$/gm);
  return new Map([...found].map(([, offset = '', place = '']) => [Number.parseInt(offset, 16), place]));
}

/** Runs gdb on what <examination> is about. With <pid> the process stands still meanwhile. */
export function stackOf(examination: Examination, path: string, pid = 0): Stack {
  const script = scriptPath('sluice.py');
  if (!existsSync(script)) return { lines: [], fault: `${script} is not there: no stack` };
  if (pid === 0 && !existsSync(examination.program)) {
    return { lines: [], fault: `${examination.program} is not there, so gdb cannot read the stack` };
  }
  const target = pid === 0 ? [examination.program, path] : ['-p', String(pid)];
  const commands = [
    `python import gdb; gdb.set_convenience_variable('sluice_record', ${examination.recordAddress})`,
    `source ${script}`,
    'echo \\n@stack\\n',
    'sluice-bt',
  ];
  const words = [...SAFE, ...target, ...commands.flatMap((command) => ['-ex', command])];
  const run = gdb(words);
  if (run.error !== undefined) return { lines: [], fault: faultOf(run.error as NodeJS.ErrnoException) };
  const [, shown = ''] = run.stdout.split('\n@stack\n');
  const lines = shown.split('\n').filter((line) => line.startsWith('#'));
  if (lines.length > 0) return { lines, fault: '' };
  const said = run.stderr.trim().split('\n').pop() ?? '';
  return { lines, fault: `gdb found no stack (${said === '' ? `exit code ${run.status}` : said})` };
}

function faultOf({ code, message }: NodeJS.ErrnoException, lack = 'there is no stack'): string {
  if (code === 'ENOENT') return `gdb is not installed, so ${lack} (apt-get install gdb)`;
  if (code === 'ETIMEDOUT') return `gdb was given up after ${TIME_MAX_MS / 1000} s`;
  return `gdb cannot be run: ${message}`;
}
