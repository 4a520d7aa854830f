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
  1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6, 8, 10, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750, 1000, 1500,
  2000, 5000,
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
      'MB of input per second of CPU (logarithmic)',
      'text-anchor="middle" font-size="11" fill="#555"',
    ),
  );
  parts.push(text(10, TOP - 10, 'input / output (logarithmic)', 'font-size="11" fill="#555"'));
  return parts.join('\n');
};

interface Point {
  readonly row: Row;
  readonly x: number;
  readonly y: number;
}

const colour = (row: Row): string => (row.engine.startsWith('sluice') ? OURS : OTHERS);

/** Where a label may stand beside its point: right and left of it, above first. */
const PLACES = [
  [9, -7, 'start'],
  [9, 15, 'start'],
  [-9, 15, 'end'],
  [-9, -7, 'end'],
  [9, 29, 'start'],
] as const;
const LETTER_WIDTH = 6.2;
const LABEL_HEIGHT = 13;

/** A label for each point, at the first place where it covers no label before it and no point. */
const labels = (points: readonly Point[]): string[] => {
  const taken = points.map(({ x, y }) => ({ left: x - 6, right: x + 6, top: y - 6, bottom: y + 6 }));
  return points.map(({ row, x, y }) => {
    const content = `${row.engine}: ${row.speedMb.toFixed(0)} MB/s, ${row.ratio.toFixed(2)}`;
    const width = content.length * LETTER_WIDTH;
    const places = PLACES.map(([dx, dy, anchor]) => {
      const left = x + dx - (anchor === 'end' ? width : 0);
      return {
        at: [x + dx, y + dy, anchor] as const,
        left,
        right: left + width,
        top: y + dy - LABEL_HEIGHT + 3,
        bottom: y + dy + 3,
      };
    });
    const isFree = (place: (typeof places)[number]): boolean =>
      place.right < WIDTH &&
      !taken.some(
        (t) => t.left < place.right && place.left < t.right && t.top < place.bottom && place.top < t.bottom,
      );
    const place = places.find(isFree) ?? places[0]!;
    taken.push(place);
    const [atX, atY, anchor] = place.at;
    const weight = row.engine.startsWith('sluice') ? ' font-weight="600"' : '';
    const style = `font-size="11" fill="#222"${weight} paint-order="stroke" stroke="#fff" stroke-width="3"`;
    return text(atX, atY, content, `text-anchor="${anchor}" ${style}`);
  });
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
  const points = rows.map((row) => ({ row, x: x.at(row.speedMb), y: y.at(row.ratio) }));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    text(16, 24, title, 'font-size="14" font-weight="600" fill="#111"'),
    axes(x, y),
    `<polyline points="${line.join(' ')}" fill="none" stroke="#c1121f" stroke-width="1.5" stroke-dasharray="5 4"/>`,
    text(
      LEFT + 8,
      HEIGHT - BOTTOM - 10,
      '- - the frontier: no other engine is faster and denser',
      'font-size="11" fill="#c1121f"',
    ),
    ...points.map(
      (point) =>
        `<circle cx="${point.x.toFixed(1)}" cy="${point.y.toFixed(1)}" r="5" fill="${colour(point.row)}"/>`,
    ),
    ...labels(points),
    '</svg>',
    '',
  ].join('\n');
};
