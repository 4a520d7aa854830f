/** What several deaths have in common: the crash that comes every five minutes shows its cause by what is always the same. Pure.
 */

import { seconds, timeText } from '../native/record-words.ts';
import type { Examination } from './examine.ts';

/** A trait is common when so many of the deaths share it. */
const COMMON_SHARE = 0.6;

type Trait = (one: Examination) => string;

/** `POST /webhook`: the method and the first part of the path. */
function requestKindOf(request: string): string {
  const [method = '', target = ''] = request.split(' ');
  const path = target.replace(/^[a-z]+:\/\/[^/]*/, '').replace(/[?#].*$/, '');
  const first = /^\/[^/]*/.exec(path)?.[0] ?? path;
  return method === '' ? '' : `${method} ${first}`;
}

const traits: readonly (readonly [name: string, trait: Trait])[] = [
  ['route', (one) => requestKindOf(one.culprit?.stream?.request ?? '')],
  ['frontend', (one) => one.culprit?.stream?.frontend ?? ''],
  ['backend', (one) => one.culprit?.stream?.backend ?? ''],
  ['server', (one) => one.culprit?.stream?.server ?? ''],
  ['host', (one) => one.culprit?.stream?.host ?? ''],
  ['client', (one) => (one.culprit?.stream?.client ?? '').replace(/:\d+$/, '')],
  ['encoder', (one) => one.culprit?.stream?.encoder ?? ''],
  ['call', (one) => one.culprit?.call ?? ''],
  ['start of the process', (one) => timeText(one.startedMs)],
  ['version', (one) => one.version],
];

export interface Common {
  readonly trait: string;
  readonly value: string;
  readonly count: number;
}

/** The traits that most of the deaths share, those of all first. */
export function commonTraits(deaths: readonly Examination[]): Common[] {
  const found: Common[] = [];
  for (const [trait, valueOf] of traits) {
    const counts = new Map<string, number>();
    for (const one of deaths) {
      const value = valueOf(one);
      if (value !== '' && value !== '-') counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    const [best] = [...counts].sort((a, b) => b[1] - a[1]);
    if (best !== undefined && best[1] >= 2 && best[1] >= deaths.length * COMMON_SHARE) {
      found.push({ trait, value: best[0], count: best[1] });
    }
  }
  return found.sort((a, b) => b.count - a.count);
}

/** How they follow each other: `every 300.2 s` when regular. */
function rhythm(deaths: readonly Examination[]): string {
  const times = deaths
    .map((one) => one.diedMs)
    .filter((ms) => ms > 0)
    .sort((a, b) => a - b);
  if (times.length < 2) return '';
  const span = (times.at(-1) as number) - (times[0] as number);
  return `, one every ${seconds(span / (times.length - 1))}`;
}

export function renderCommon(deaths: readonly Examination[]): string {
  const found = commonTraits(deaths);
  const lines = found.map(
    ({ trait, value, count }) => `  ${count} of ${deaths.length}  ${trait}: ${value}\n`,
  );
  const head = `${deaths.length} deaths${rhythm(deaths)}. `;
  return found.length === 0
    ? `${head}They have nothing in common.\n`
    : `${head}In common:\n${lines.join('')}`;
}
