/** The table: the same cells as aligned text for a terminal and as Markdown for bench/results. State: none. */
import type { Unit } from './measure.ts';
import type { Results } from './results.ts';
import type { Scenario } from './scenarios.ts';
import type { ScenarioSummary, Summary } from './summary.ts';

const COLUMNS = [
  'scenario',
  'candidate',
  'value',
  'ratio to haproxy [min..max]',
  'req/s',
  'bytes sent',
  'target',
  'verdict',
  'notes',
];

const kilobytes = (bytes: number): string => `${(bytes / 1024).toFixed(bytes < 10_240 ? 2 : 1)} KB`;

const valueText = (unit: Unit, value: number): string => {
  if (Number.isNaN(value)) return '-';
  if (unit === 'us/request') return `${value.toFixed(value < 1000 ? 2 : 0)} us`;
  if (unit === 'bytes/connection') return kilobytes(value);
  if (unit === 'ms') return `${value.toFixed(1)} ms`;
  return `${value.toFixed(2)} x`;
};

const targetText = (scenario: Scenario, unit: Unit): string => {
  if (scenario.target.kind === 'reported') return 'reported';
  if (scenario.target.kind === 'ratio') return `<= ${scenario.target.atMost.toFixed(2)}`;
  return `<= ${valueText(unit, scenario.target.atMost)}`;
};

const ratioText = (summary: Summary): string => {
  if (summary.row.role === 'baseline' && summary.row.skipped === '') return '1';
  if (!summary.ratio) return '-';
  const { median, min, max } = summary.ratio;
  return `${median.toFixed(3)} [${min.toFixed(3)}..${max.toFixed(3)}]`;
};

const cells = (one: ScenarioSummary, summary: Summary): string[] => {
  const { row } = summary;
  const notes = row.skipped === '' ? row.notes : [row.skipped];
  return [
    one.scenario.name,
    row.candidate,
    valueText(row.unit, summary.value.median),
    ratioText(summary),
    Number.isNaN(summary.rate) ? '-' : summary.rate.toFixed(0),
    row.bytesSent > 0 ? row.bytesSent.toFixed(0) : '-',
    row.role === 'subject' ? targetText(one.scenario, row.unit) : '',
    summary.verdict,
    notes.join('; ').replaceAll(/\s+/g, ' ').slice(0, 160),
  ];
};

const tableRows = (summaries: readonly ScenarioSummary[]): string[][] =>
  summaries.flatMap((one) => one.summaries.map((summary) => cells(one, summary)));

export const textTable = (summaries: readonly ScenarioSummary[]): string => {
  const rows = [COLUMNS, ...tableRows(summaries)];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
};

const markdownTable = (summaries: readonly ScenarioSummary[]): string => {
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const marks = COLUMNS.map(() => '---');
  return [line(COLUMNS), line(marks), ...tableRows(summaries).map(line)].join('\n');
};

export const headline = (results: Results): string[] => {
  const { machine, versions } = results;
  const settings = Object.values(results.scenarios)[0]?.settings;
  return [
    `haproxy ${versions.haproxy} (built ${versions.haproxyBuild}), sluice ${versions.sluice}, nginx ${versions.nginx}`,
    `${machine.cpu}, ${machine.cpuCount} CPUs, ${machine.memoryMb} MB, ${machine.kernel}, ${machine.javascript}, ${versions.wrk}`,
    `${results.date}` +
      (settings
        ? `; ${settings.repeats} repeats of ${settings.seconds} s after ${settings.warmupSeconds} s, interleaved; medians`
        : ''),
  ];
};

const HOW = `CPU is the run time of all threads and processes of the proxy (/proc/PID/task/*/schedstat) per answered
request; the proxy has one CPU alone, load and origin the others; a ratio is the median over the repeats of a
candidate's value divided by haproxy's in the same repeat. \`haproxy-again\` is the same program a second time, the
control: it must read 0.97-1.03. Memory is the difference in PSS. \`bytes sent\` counts one whole answer on the wire.`;

export const markdownReport = (
  results: Results,
  summaries: readonly ScenarioSummary[],
  plotName: string,
): string =>
  [
    `# Proxies under the same load, ${results.date.slice(0, 10)}`,
    '',
    ...headline(results).map((line) => `- ${line}`),
    '',
    HOW,
    '',
    `![ratios to haproxy](${plotName})`,
    '',
    markdownTable(summaries),
    '',
  ].join('\n');
