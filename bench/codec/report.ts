/** What a run says: tables in Markdown, and the three files it leaves. Owns those files. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from '../proxy/machine.ts';
import { plotSvg } from './plot.ts';
import type { Row } from './samples.ts';

export interface CodecResults {
  readonly date: string;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly baseline: string;
  readonly settings: Readonly<Record<string, number>>;
  readonly crcGb: number;
  /** By way of feeding: chunk bytes, 0 for whole bodies. */
  readonly harness: readonly Row[];
  readonly byKind: Readonly<Record<string, readonly Row[]>>;
  readonly noise: readonly Row[];
  readonly node: readonly {
    readonly name: string;
    readonly baseline: string;
    readonly rows: readonly Row[];
  }[];
}

const NAMED = 28;

const least = (pair: readonly [string, number] | undefined, digits: number): string =>
  pair ? `${pair[1].toFixed(digits)} ${pair[0].slice(-NAMED)}` : '';

const line = (row: Row): string =>
  [
    row.engine,
    row.speedMb.toFixed(0),
    row.ratio.toFixed(2),
    row.speedAgainst?.toFixed(2) ?? '',
    least(row.speedLeast, 2),
    row.ratioAgainst?.toFixed(3) ?? '',
    least(row.ratioLeast, 3),
  ].join(' | ');

export const tableText = (rows: readonly Row[], baseline: string): string =>
  [
    `| engine | MB/s of CPU | ratio | speed / ${baseline} | smallest | ratio / ${baseline} | smallest |`,
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows.map((row) => `| ${line(row)} |`),
  ].join('\n');

const fed = (chunk: number): string =>
  chunk === 0 ? 'whole bodies' : `${chunk / 1024} KB chunks, a flush each`;

const byChunk = (rows: readonly Row[], title: string, baseline: string): string =>
  [...new Set(rows.map(({ chunk }) => chunk))]
    .map((chunk) => {
      const own = rows.filter((row) => row.chunk === chunk);
      return `## ${title}, ${fed(chunk)}\n\n${tableText(own, baseline)}\n`;
    })
    .join('\n');

export const reportText = (results: CodecResults, plot: string): string => {
  const { machine } = results;
  const versions = Object.entries(results.versions).map(([name, version]) => `${name} ${version}`);
  return `# Compression paths, ${results.date.slice(0, 10)}

- ${versions.join(', ')}
- ${machine.cpu}, ${machine.cpuCount} CPUs, ${machine.memoryMb} MB, ${machine.kernel}, ${machine.javascript}
- ${results.date}; ${results.settings['rounds']} rounds of ${results.settings['sampleMs']} ms, interleaved; load ${machine.loadAverage.toFixed(2)}

Speed is input per CPU time of the whole process, ratio is input over output; geometric means over the bodies, beside them
the smallest of all. A comparison pairs two engines in the same round on the same body, the median over the rounds counts.
CRC-32 alone: ${results.crcGb.toFixed(1)} GB/s in 16 KB pieces.

![speed against ratio](${plot})

${byChunk(results.harness, 'In C', results.baseline)}
${byChunk(results.noise, 'Random bytes (1 MB)', results.baseline)}
${results.node.map((set) => `## Through Node: ${set.name}\n\n${tableText(set.rows, set.baseline)}\n`).join('\n')}
${Object.entries(results.byKind)
  .map(([kind, rows]) =>
    byChunk(
      rows.filter(({ chunk }) => chunk === 16_384),
      `Class ${kind}`,
      results.baseline,
    ),
  )
  .join('\n')}`;
};

/** Writes JSON, picture and page; returns their paths. */
export const saveResults = (results: CodecResults, directory: string): string[] => {
  mkdirSync(directory, { recursive: true });
  const name = `${results.date.slice(0, 10)}-codec`;
  const path = (extension: string): string => join(directory, `${name}.${extension}`);
  const shown = results.harness.filter(({ chunk }) => chunk === 16_384);
  const title = 'gzip in 16 KB chunks with a flush each, one core: further right and up is better';
  writeFileSync(path('json'), `${JSON.stringify(results, null, 1)}\n`);
  writeFileSync(path('svg'), plotSvg(title, shown));
  writeFileSync(path('md'), reportText(results, `${name}.svg`));
  return [path('json'), path('svg'), path('md')];
};
