/** With our fatal signals set up, what Node does with them by itself stays: WebAssembly's faults, stack overflows, workers, abort. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const program = fileURLToPath(new URL('./plain-node-program.mjs', import.meta.url));
const addon = fileURLToPath(new URL('../../build/Release/sluice.node', import.meta.url));
const outcomes = [
  ...['wasm RuntimeError', 'wasm RuntimeError', 'wasm RuntimeError'],
  ...['stack RangeError', 'worker RangeError', 'inspector 42'],
];

function run(how: string): {
  status: number | null;
  signal: string | null;
  lines: string[];
  said: string;
  reports: number;
  report: string;
} {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-plain-'));
  try {
    const words = [program, addon, dir, how];
    const { status, signal, stdout, stderr } = spawnSync(process.execPath, words, {
      cwd: dir,
      encoding: 'utf8',
      timeout: 60_000,
    });
    const names = readdirSync(dir).filter((name) => name.startsWith('sluice-crash.'));
    const report = names.map((name) => readFileSync(join(dir, name), 'latin1')).join('');
    return { status, signal, lines: stdout.trim().split('\n'), said: stderr, reports: names.length, report };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

test('a plain end: nothing is reported', () => {
  expect(run('')).toMatchObject({ status: 0, lines: outcomes, said: '', reports: 0 });
});

test.each([
  ['abort', 'SIGABRT', 'SIGABRT outside of the engine'],
  ['kill', 'SIGSEGV', 'SIGSEGV outside of the engine (sent by a process)'],
])('%s: dies of %s as without us, after a report', (how, name, words) => {
  const end = run(how);
  expect(end).toMatchObject({ status: null, signal: name, lines: outcomes, reports: 1 });
  expect(end.said).toContain(`${words}, while no stream was at work; report: `);
});

test('abort: the report has the functions of JavaScript, by file and line', () => {
  const lines = readFileSync(program, 'utf8').split('\n');
  const line = lines.indexOf('function givesUp() {') + 1;
  expect(line).toBeGreaterThan(0);
  const { report } = run('abort');
  expect(report).toContain('\n[javascript]\n');
  expect(report).toContain(`\ngivesUp file://${program}:${line}\n`);
});
