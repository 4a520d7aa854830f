/**
 * Speed against ratio, drawn by hand as SVG: a point for each engine, both axes logarithmic, and a line along the
 * frontier, which joins the engines that no other beats in both. State: none.
 */
import type { Row } from './samples.ts';

const WIDTH = 860;
const HEIGHT = 520;
const LEFT = 70;
const RIGHT = 150;
const TOP = 60;
const BOTTOM = 60;
const OURS = '#1f6f8b';
const OTHERS = '#a3b18a';
const TICKS = [
  1, 1.5, 2, 3, 4, 5, 6, 8, 10, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750, 1000, 1500, 2000, 5000,
];

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const text = (x: number, y: number, content: string, extra = ''): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${extra}>${escaped(content)}</text>`;

type Scale = (value: number) => number;

const scale = (
  values: readonly number[],
  from: number,
  to: number,
): { at: Scale; low: number; high: number } => {
  const low = Math.min(...values) / 1.15;
  const high = Math.max(...values) * 1.15;
  const span = Math.log(high / low);
  return { at: (value) => from + (Math.log(value / low) / span) * (to - from), low, high };
};

/** Those that no other beats in both, from the densest to the fastest. */
export const frontier = (rows: readonly Row[]): Row[] =>
  rows
    .filter((row) => !rows.some((other) => other.speedMb > row.speedMb && other.ratio > row.ratio))
    .sort((a, b) => b.ratio - a.ratio);

const axes = (x: ReturnType<typeof scale>, y: ReturnType<typeof scale>): string => {
  const parts: string[] = [];
  const inside = (one: { low: number; high: number }): number[] =>
    TICKS.filter((tick) => tick >= one.low && tick <= one.high);
  for (const tick of inside(x)) {
    const at = x.at(tick).toFixed(1);
    parts.push(`<line x1="${at}" x2="${at}" y1="${TOP}" y2="${HEIGHT - BOTTOM}" stroke="#e6e6e6"/>`);
    parts.push(
      text(x.at(tick), HEIGHT - BOTTOM + 16, String(tick), 'text-anchor="middle" font-size="10" fill="#666"'),
    );
  }
  for (const tick of inside(y)) {
    const at = y.at(tick).toFixed(1);
    parts.push(`<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}" stroke="#e6e6e6"/>`);
    parts.push(text(LEFT - 6, y.at(tick) + 3, String(tick), 'text-anchor="end" font-size="10" fill="#666"'));
  }
  const middle = (LEFT + WIDTH - RIGHT) / 2;
  parts.push(
    text(
      middle,
      HEIGHT - 18,
      'MB of input per second of CPU',
      'text-anchor="middle" font-size="11" fill="#555"',
    ),
  );
  parts.push(text(10, TOP - 10, 'ratio', 'font-size="11" fill="#555"'));
  return parts.join('\n');
};

/** The engines of one way of feeding. What does not compress has no place on a ratio's axis. */
export const plotSvg = (title: string, all: readonly Row[]): string => {
  const rows = all.filter((row) => row.ratio > 1.05);
  const x = scale(
    rows.map((row) => row.speedMb),
    LEFT,
    WIDTH - RIGHT,
  );
  const y = scale(
    rows.map((row) => row.ratio),
    HEIGHT - BOTTOM,
    TOP,
  );
  const line = frontier(rows).map((row) => `${x.at(row.speedMb).toFixed(1)},${y.at(row.ratio).toFixed(1)}`);
  const points = rows.map((row) => {
    const colour = row.engine.startsWith('sluice') ? OURS : OTHERS;
    const label = `${row.engine} ${row.speedMb.toFixed(0)} / ${row.ratio.toFixed(2)}`;
    return [
      `<circle cx="${x.at(row.speedMb).toFixed(1)}" cy="${y.at(row.ratio).toFixed(1)}" r="5" fill="${colour}"/>`,
      text(
        x.at(row.speedMb) + 8,
        y.at(row.ratio) - 6,
        label,
        'font-size="10" fill="#222" paint-order="stroke" stroke="#fff" stroke-width="3"',
      ),
    ].join('');
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    text(16, 24, title, 'font-size="14" font-weight="600" fill="#111"'),
    axes(x, y),
    `<polyline points="${line.join(' ')}" fill="none" stroke="#c1121f" stroke-width="1.5" stroke-dasharray="5 4"/>`,
    ...points,
    '</svg>',
    '',
  ].join('\n');
};
