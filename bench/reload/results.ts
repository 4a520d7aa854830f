/** What a run leaves in bench/results: JSON, a page and a plot. A later run on the same day replaces only the rows that it measured. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Column, grouped, milliseconds, tableMarkdown } from '../../src/prove/table.ts';
import { FAILURE_NAMES, type Failure } from '../../src/prove/tally.ts';
import type { Machine } from '../proxy/machine.ts';
import { plotSvg } from './plot.ts';
import { type Row, rateOf } from './rows.ts';

export interface Results {
  readonly date: string;
  readonly machine: Machine;
  readonly rows: readonly (Row & { readonly measuredAt: string; readonly loadAverage: number })[];
}

const COLUMNS: readonly Column[] = [
  { title: 'scenario', isNumber: false },
  { title: 'program', isNumber: false },
  { title: 'requests', isNumber: true },
  { title: 'failed', isNumber: true },
  { title: 'per million', isNumber: true },
  { title: 'slowest', isNumber: true },
  { title: 'longest gap', isNumber: true },
  { title: 'what failed', isNumber: false },
  { title: 'notes', isNumber: false },
];

function cells(row: Row): string[] {
  const hasTimes = row.slowestMs > 0;
  const failures = Object.entries(row.failures)
    .map(([failure, count]) => `${grouped(count)} ${FAILURE_NAMES[failure as Failure]}`)
    .join(', ');
  return [
    row.scenario,
    `${row.candidate} ${row.version}`,
    row.requests > 0 ? grouped(row.requests) : '',
    row.requests > 0 ? grouped(row.failed) : '',
    row.requests > 0 ? grouped(rateOf(row)) : '',
    hasTimes ? milliseconds(row.slowestMs) : '',
    hasTimes ? milliseconds(row.longestGapMs) : '',
    failures,
    row.notes.join('; '),
  ];
}

function page({ date, machine, rows }: Results, plot: string): string {
  const { cpu, cpuCount, memoryMb, kernel, javascript } = machine;
  const loads = rows.map((row) => row.loadAverage);
  return `# Reloads, transfers and crashes under load, ${date.slice(0, 10)}

- ${cpu}, ${cpuCount} CPUs, ${memoryMb} MB, ${kernel}, ${javascript}; load average ${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)}
- the same strict client, origins and machine for all: keep-alive clients that rest 0-20 ms, uploads, busy and one-shot
  clients, pipelining; no request is repeated, every octet of every answer is compared
- a move counts as completed when the new worker serves (\`Loading success\`), not when it was asked for

![failures per million](${plot})

${tableMarkdown(COLUMNS, rows.map(cells))}
\`npm run bench:reload\` measures it again; bench/reload/README.md tells what each scenario does.
`;
}

/** Writes the three files; gives their paths. */
export function saveResults(now: Results, directory: string): string[] {
  mkdirSync(directory, { recursive: true });
  const name = `${now.date.slice(0, 10)}-reload`;
  const path = (ending: string) => join(directory, `${name}.${ending}`);
  const earlier = existsSync(path('json'))
    ? (JSON.parse(readFileSync(path('json'), 'utf8')) as Results).rows
    : [];
  const key = (row: Row) => `${row.scenario} ${row.candidate}`;
  const measured = new Set(now.rows.map(key));
  const order = (row: Row) => row.scenario;
  const rows = [...earlier.filter((row) => !measured.has(key(row))), ...now.rows].sort((a, b) =>
    order(a) < order(b) ? -1 : order(a) > order(b) ? 1 : 0,
  );
  const results = { ...now, rows };
  writeFileSync(path('json'), `${JSON.stringify(results, undefined, 1)}\n`);
  writeFileSync(path('svg'), plotSvg('Requests lost while a proxy is moved', rows));
  writeFileSync(path('md'), page(results, `${name}.svg`));
  return ['json', 'md', 'svg'].map(path);
}
