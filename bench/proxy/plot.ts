/**
 * The picture of a run, drawn by hand as SVG: a group of bars for each scenario, as long as the ratio to haproxy, a
 * line where haproxy is, a mark where the target is. Bars beyond the scale are cut and say their figure.
 */
import { type ScenarioSummary, type Summary, targetRatio } from './summary.ts';

const WIDTH = 860;
const LEFT = 250;
const RIGHT = 90;
const TOP = 70;
const BAR = 13;
const GROUP_GAP = 12;
const SCALE_MAX = 1.6;

const COLOURS: Readonly<Record<Summary['row']['role'], string>> = {
  subject: '#1f6f8b',
  control: '#d9d9d9',
  peer: '#a3b18a',
  baseline: '#888888',
};

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const xOf = (ratio: number): number =>
  LEFT + (Math.min(ratio, SCALE_MAX) / SCALE_MAX) * (WIDTH - LEFT - RIGHT);

const text = (x: number, y: number, content: string, extra = ''): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${extra}>${escaped(content)}</text>`;

const line = (x: number, y1: number, y2: number, extra: string): string =>
  `<line x1="${x.toFixed(1)}" x2="${x.toFixed(1)}" y1="${y1}" y2="${y2}" ${extra}/>`;

/** With a halo, so that lines behind it do not cross the letters. */
const LABEL = 'font-size="9" fill="#444" paint-order="stroke" stroke="#fff" stroke-width="3"';

const bar = (summary: Summary, ratio: number, y: number): string => {
  const end = xOf(ratio);
  const cut = ratio > SCALE_MAX ? ' →' : '';
  const label = `${summary.row.candidate} ${ratio.toFixed(2)}${cut}`;
  return [
    `<rect x="${LEFT}" y="${y}" width="${(end - LEFT).toFixed(1)}" height="${BAR - 2}" fill="${COLOURS[summary.row.role]}"/>`,
    text(Math.min(end + 4, WIDTH - RIGHT + 4), y + BAR - 4, label, LABEL),
  ].join('');
};

const drawn = (one: ScenarioSummary): readonly { summary: Summary; ratio: number }[] =>
  one.summaries.flatMap((summary) =>
    summary.ratio && summary.row.role !== 'baseline' ? [{ summary, ratio: summary.ratio.median }] : [],
  );

const group = (one: ScenarioSummary, y: number): string => {
  const bars = drawn(one);
  const height = bars.length * BAR;
  const parts = [
    text(LEFT - 8, y + height / 2 + 4, one.scenario.about, 'text-anchor="end" font-size="11" fill="#222"'),
  ];
  for (const [i, { summary, ratio }] of bars.entries()) parts.push(bar(summary, ratio, y + i * BAR));
  const target = targetRatio(one);
  if (target !== undefined && target <= SCALE_MAX) {
    parts.push(line(xOf(target), y - 3, y + height + 1, 'stroke="#c1121f" stroke-width="2.5"'));
  }
  return parts.join('\n');
};

const axis = (bottom: number): string => {
  const parts: string[] = [];
  for (let ratio = 0; ratio <= SCALE_MAX + 0.001; ratio += 0.2) {
    const one = Math.abs(ratio - 1) < 0.001;
    parts.push(
      line(xOf(ratio), TOP - 10, bottom, one ? 'stroke="#333" stroke-width="1.2"' : 'stroke="#e6e6e6"'),
      text(xOf(ratio), TOP - 14, ratio.toFixed(1), 'text-anchor="middle" font-size="10" fill="#666"'),
    );
  }
  return parts.join('\n');
};

export const plotSvg = (title: string, summaries: readonly ScenarioSummary[]): string => {
  const groups: string[] = [];
  let y = TOP;
  for (const one of summaries) {
    const bars = drawn(one).length;
    if (bars === 0) continue;
    groups.push(group(one, y));
    y += bars * BAR + GROUP_GAP;
  }
  const height = y + 20;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    text(16, 24, title, 'font-size="14" font-weight="600" fill="#111"'),
    text(
      16,
      42,
      'Cost against haproxy = 1.0 (shorter is better); red: at most',
      'font-size="11" fill="#555"',
    ),
    axis(y),
    ...groups,
    '</svg>',
    '',
  ].join('\n');
};
