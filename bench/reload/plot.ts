/** The picture of a run: failures per million of each scenario and program, bars on a scale of powers of ten, drawn as SVG. */
import { grouped } from '../../src/prove/table.ts';
import { type Row, rateOf } from './rows.ts';

const WIDTH = 860;
const LEFT = 150;
const RIGHT = 150;
const TOP = 64;
const BAR = 14;
const GROUP_GAP = 12;
/** One failure in a million is one step from the left, all of them six. */
const DECADES = 6;

const COLOURS: readonly (readonly [prefix: string, colour: string])[] = [
  ['sluice', '#1f6f8b'],
  ['haproxy', '#c97b4a'],
  ['nginx', '#7d9a6a'],
];

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const text = (x: number, y: number, content: string, extra = ''): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${extra}>${escaped(content)}</text>`;

/** Where <rate> ends: nothing at nothing. */
function xOf(rate: number): number {
  const steps = rate <= 0 ? 0 : Math.min(DECADES, Math.max(0, Math.log10(rate)));
  return LEFT + (steps / DECADES) * (WIDTH - LEFT - RIGHT);
}

function bar(row: Row, y: number): string {
  const rate = rateOf(row);
  const colour = COLOURS.find(([prefix]) => row.candidate.startsWith(prefix))?.[1] ?? '#888888';
  const width = rate > 0 ? Math.max(2, xOf(rate) - LEFT) : 1;
  const label = `${row.candidate}: ${rate > 0 ? `${grouped(Math.max(1, rate))} per million` : `none of ${grouped(row.requests)}`}`;
  return [
    `<rect x="${LEFT}" y="${y}" width="${width.toFixed(1)}" height="${BAR - 3}" fill="${colour}"/>`,
    text(LEFT + width + 4, y + BAR - 5, label, 'font-size="10" fill="#333"'),
  ].join('');
}

export function plotSvg(title: string, rows: readonly Row[]): string {
  const asked = rows.filter((row) => row.requests > 0);
  const parts: string[] = [];
  let y = TOP;
  for (const scenario of new Set(asked.map((row) => row.scenario))) {
    const own = asked.filter((row) => row.scenario === scenario);
    parts.push(text(LEFT - 8, y + (own.length * BAR) / 2 + 3, scenario, 'text-anchor="end" font-size="12"'));
    for (const row of own) {
      parts.push(bar(row, y));
      y += BAR;
    }
    y += GROUP_GAP;
  }
  const marks = Array.from({ length: DECADES + 1 }, (_, i) => {
    const x = xOf(10 ** i);
    return `<line x1="${x}" x2="${x}" y1="${TOP - 6}" y2="${y}" stroke="#e6e6e6"/>${text(x, TOP - 10, grouped(10 ** i), 'text-anchor="middle" font-size="9" fill="#777"')}`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y + 12}" viewBox="0 0 ${WIDTH} ${y + 12}" font-family="system-ui, sans-serif">
<rect width="${WIDTH}" height="${y + 12}" fill="#ffffff"/>
${text(16, 22, title, 'font-size="14" font-weight="600"')}
${text(16, 38, 'Requests lost of a million, each step ten times as many; shorter is better', 'font-size="11" fill="#555"')}
${marks.join('\n')}
${parts.join('\n')}
</svg>
`;
}
