// Does the measuring stick measure? Quick runs: the control reads near 1 within a wide tolerance (a shared machine),
// a proxy that answers wrongly gets no figure, a proxy that cannot start is named. No ratio is asserted.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runBench } from './bench.ts';
import { emptyRow, type Row } from './measure.ts';
import { type BenchOptions, parseOptions } from './options.ts';
import { plotSvg } from './plot.ts';
import { textTable } from './report.ts';
import { type Results, saveResults, summaries } from './results.ts';
import { SCENARIOS } from './scenarios.ts';
import { summarize } from './summary.ts';

const installed = (program: string): boolean => {
  try {
    execFileSync('/bin/sh', ['-c', `PATH="$PATH:/usr/sbin:/sbin" command -v ${program}`], {
      stdio: 'ignore',
    });
    return true;
  } catch {
    return false;
  }
};
const absent = ['haproxy', 'nginx', 'wrk', 'taskset'].filter((program) => !installed(program));
const peers = absent.length === 0 ? describe : describe.skip; // the title names what is not installed

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-bench-test-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const quick = (...words: string[]): BenchOptions => {
  const asked = parseOptions(['--quick', ...words], directory);
  if (!('run' in asked)) throw new Error('asked for a run');
  return asked.run;
};
const rowOf = (results: Results, scenario: string, candidate: string): Row =>
  results.scenarios[scenario]!.rows.find((row) => row.candidate === candidate)!;

/** A program that is haproxy, but for one word of its configuration. */
const tampered = (from: string, to: string): string => {
  const path = join(directory, 'tampered');
  const script = [
    '#!/bin/sh',
    'PATH="$PATH:/usr/sbin"',
    'if [ "$1" = -v ]; then exec haproxy -v; fi',
    `sed 's/${from}/${to}/' "$3" > "$3.tampered"`,
    'exec haproxy "$1" "$2" "$3.tampered"',
  ];
  writeFileSync(path, script.join('\n'));
  chmodSync(path, 0o755);
  return path;
};

peers(`the proxy bench${absent.length > 0 ? ` (not installed: ${absent.join(', ')})` : ''}`, () => {
  it('reads haproxy against itself as about 1, and writes nothing when quick', async () => {
    const said: string[] = [];
    const options = quick('--only', 'haproxy,haproxy-again');
    const results = await runBench(options, (line) => said.push(line));
    const control = rowOf(results, 'policy', 'haproxy-again');
    expect(control.skipped).toBe('');
    expect(control.values).toHaveLength(3);
    const [one] = summaries(results);
    const ratio = one!.summaries.find(({ row }) => row === control)!.ratio!;
    expect(ratio.median).toBeGreaterThan(0.4);
    expect(ratio.median).toBeLessThan(2.5);
    expect(control.rates.every((rate) => rate > 100)).toBe(true);
    expect(control.bytesSent).toBeGreaterThan(128);
    expect(options.out).toBe('');
    expect(said.join('\n')).toContain('haproxy-again');
  });

  it('gives no figure to a proxy whose header edits are wrong, nor to one that ends', async () => {
    const wrong = tampered('X-Bench-Proxy bench', 'X-Bench-Proxy other');
    const results = await runBench(quick('--only', 'sluice', '--sluice', wrong), () => {});
    expect(rowOf(results, 'policy', 'sluice')).toMatchObject({ values: [] });
    expect(rowOf(results, 'policy', 'sluice').skipped).toContain('header edits: the origin saw');

    const broken = tampered('nbthread 1', 'nbthread none');
    const ended = await runBench(quick('--only', 'sluice', '--sluice', broken), () => {});
    expect(rowOf(ended, 'policy', 'sluice').skipped).toMatch(/does not answer on port .*nbthread/s);
  });

  it('compares bodies after decoding, and says how many bytes were sent', async () => {
    const plain = tampered('compression algo gzip', 'compression algo identity');
    const words = ['--scenario', 'gzip-64k', '--only', 'haproxy,sluice', '--sluice', plain];
    const results = await runBench({ ...quick(...words), repeats: 1 }, () => {});
    expect(rowOf(results, 'gzip-64k', 'haproxy').bytesSent).toBeLessThan(40_000);
    expect(rowOf(results, 'gzip-64k', 'sluice').skipped).toBe('content-encoding is identity');
  });

  it('holds connections and takes the difference in memory', async () => {
    const words = ['--scenario', 'idle', '--only', 'haproxy'];
    const results = await runBench({ ...quick(...words), repeats: 1 }, () => {});
    const row = rowOf(results, 'idle', 'haproxy');
    expect(row.skipped).toBe('');
    expect(row.values[0]).toBeGreaterThan(100);
    expect(row.notes).toEqual(['only 500 connections']);
  });

  it('names a proxy that is not there', async () => {
    const said: string[] = [];
    await runBench({ ...quick('--only', 'sluice', '--sluice', '/nowhere/sluice'), scenarios: [] }, (line) =>
      said.push(line),
    );
    expect(said).toEqual(['left out: sluice: cannot be started (/nowhere/sluice)']);
  });
});

describe('what is made of the rows', () => {
  const scenario = SCENARIOS.find(({ name }) => name === 'gzip-4k')!;
  const row = (name: string, role: Row['role'], values: number[], bytesSent: number): Row => ({
    ...emptyRow(
      scenario,
      { name, role, version: '', lacks: () => '', configText: () => '', command: () => [] },
      'us/request',
    ),
    values,
    bytesSent,
  });
  const verdict = (values: number[], bytesSent: number): string =>
    summarize(scenario, [
      row('haproxy', 'baseline', [10, 20, 40], 1000),
      row('sluice', 'subject', values, bytesSent),
    ]).summaries[1]!.verdict;

  it('pairs repeats before it takes the median', () => {
    const [, subject] = summarize(scenario, [
      row('haproxy', 'baseline', [10, 20, 40], 1000),
      row('sluice', 'subject', [8, 10, 40], 1000),
    ]).summaries;
    expect(subject!.ratio).toEqual({ median: 0.8, min: 0.5, max: 1 });
  });

  it('is short when the ratio or the bytes are over the target', () => {
    expect(verdict([8, 16, 32], 1000)).toBe('ok');
    expect(verdict([9, 18, 36], 1000)).toBe('short');
    expect(verdict([8, 16, 32], 1001)).toBe('short (bytes)');
  });

  it('writes a table, a plot and a file that a second run completes', () => {
    const base = { date: '2026-01-02T00:00:00Z', machine: { cpu: 'c' }, versions: { haproxy: '3.5' } };
    const settings = { repeats: 1, seconds: 1, warmupSeconds: 1, startRepeats: 1, heldMax: 1 };
    const measured = (name: string): Results =>
      ({
        ...base,
        scenarios: {
          [name]: {
            measuredAt: base.date,
            settings,
            rows: [row('haproxy', 'baseline', [10], 5), row('sluice', 'subject', [9], 5)],
          },
        },
      }) as unknown as Results;
    const out = join(directory, 'results');
    saveResults(measured('gzip-4k'), out);
    const paths = saveResults(measured('gzip-64k'), out);
    expect(paths[0]).toBe(join(out, '2026-01-02-haproxy-3.5.json'));
    const merged = JSON.parse(execFileSync('cat', [paths[0]!], { encoding: 'utf8' })) as Results;
    expect(Object.keys(merged.scenarios).sort()).toEqual(['gzip-4k', 'gzip-64k']);
    expect(textTable(summaries(merged))).toContain('0.900 [0.900..0.900]');
    const svg = plotSvg('title', summaries(merged));
    expect(svg).toContain('sluice 0.90');
    expect(svg.match(/<rect /g)).toHaveLength(3);
  });

  it('says what is wrong with a command line', () => {
    expect(() => parseOptions(['--scenario', 'polcy'], '/')).toThrow(
      "unknown scenario 'polcy'; known: policy, ",
    );
    expect(() => parseOptions(['--repeats', '0'], '/')).toThrow(
      "--repeats takes a whole number from 1 to 1000, not '0'",
    );
  });
});
