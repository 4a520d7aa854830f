/** What a proof says to a person: what was replaced, the table, and what to change. Pure. */
import { adviceOn } from './advice.ts';
import { KEEP_ALIVE, ONE_SHOT } from './clients.ts';
import { HITLESS, MOVE_NAMES } from './move-names.ts';
import type { Proof, ProofRow } from './proof.ts';
import type { Change } from './rewrite.ts';
import { type Column, grouped, milliseconds, tableText } from './table.ts';
import { FAILURE_NAMES, FAILURES, failedOf, perMillion, sumOf, type Tally } from './tally.ts';

const COLUMNS: readonly Column[] = [
  { title: 'how', isNumber: false },
  { title: 'program', isNumber: false },
  { title: 'moves', isNumber: true },
  { title: 'requests', isNumber: true },
  { title: 'failed', isNumber: true },
  { title: 'per million', isNumber: true },
  { title: KEEP_ALIVE, isNumber: true },
  { title: ONE_SHOT, isNumber: true },
  { title: 'slowest', isNumber: true },
  { title: 'longest gap', isNumber: true },
  { title: 'what failed', isNumber: false },
];

export function totalOf(row: ProofRow): Tally {
  return sumOf('all', row.result.tallies);
}

function perMillionOf(row: ProofRow, kind: string): string {
  const tally = row.result.tallies.find((one) => one.kind === kind);
  return tally === undefined ? '-' : grouped(perMillion(failedOf(tally), tally.requests));
}

/** `12 connection refused, 3 truncated`. */
export function failuresText(tally: Tally): string {
  return FAILURES.filter((failure) => tally.failures[failure] > 0)
    .map((failure) => `${grouped(tally.failures[failure])} ${FAILURE_NAMES[failure]}`)
    .join(', ');
}

function cells(row: ProofRow): string[] {
  const total = totalOf(row);
  const failed = failedOf(total);
  return [
    MOVE_NAMES[row.move],
    row.brand,
    row.move === 'still' ? '-' : grouped(row.result.completed),
    grouped(total.requests),
    grouped(failed),
    grouped(perMillion(failed, total.requests)),
    perMillionOf(row, KEEP_ALIVE),
    perMillionOf(row, ONE_SHOT),
    milliseconds(total.slowestMs),
    milliseconds(total.longestGapMs),
    failuresText(total),
  ];
}

/** So many words of each change are named. */
const WORDS_NAMED_MAX = 8;

/** `lines of global left out: log (a.cfg:2), user (a.cfg:5 and 2 more)`. */
function changeText({ what, words }: Change): string {
  const all = Object.entries(words);
  const named = all.slice(0, WORDS_NAMED_MAX).map(([word, places]) => {
    const [first = '', ...others] = places;
    return `${word} (${first.replace(/^.*\//, '')}${others.length > 0 ? ` and ${others.length} more` : ''})`;
  });
  const rest = all.length > named.length ? `, and ${all.length - named.length} more` : '';
  return `${what}: ${named.join(', ')}${rest}`;
}

/** What was replaced, and what is asked. */
export function preambleText({ prepared, learned, differences }: Proof): string {
  const { changes, listeners } = prepared.rewritten;
  const lines = ['Run on loopback, with your rules and these changes:'];
  for (const change of changes) lines.push(`  ${changeText(change)}`);
  lines.push('Asked:');
  for (const target of learned.targets) {
    const by = target.isFromOrigin ? 'an origin behind it' : 'the proxy itself';
    const judged = target.isExact
      ? 'every octet is judged'
      : 'its body changes, so status and framing are judged';
    lines.push(`  ${target.proxy}: answers ${target.ask.status} from ${by}; ${judged}`);
  }
  for (const proxy of learned.silent) lines.push(`  ${proxy}: gave no answer and is left out`);
  for (const difference of differences) lines.push(`  ${difference}`);
  const asked = learned.targets.length + learned.silent.length;
  const proxies = new Set(listeners.map((listener) => listener.proxy)).size;
  if (asked < proxies) lines.push(`  (${proxies - asked} more frontends are run but not asked)`);
  return `${lines.join('\n')}\n`;
}

export function proofText(proof: Proof): string {
  const table = tableText(COLUMNS, proof.rows.map(cells));
  return `${preambleText(proof)}\n${table}\n${adviceOn(proof).join('\n')}\n`;
}

/** True when the ways that are meant to lose nothing did move, and lost nothing, of the first program. */
export function isProven(proof: Proof): boolean {
  const own = proof.rows[0]?.brand;
  return proof.rows
    .filter((row) => row.brand === own && HITLESS.has(row.move))
    .every((row) => row.result.completed > 0 && row.result.failed === 0 && failedOf(totalOf(row)) === 0);
}

/** The same for machines. */
export function proofJson(proof: Proof): string {
  const { prepared, learned, differences, rows } = proof;
  return `${JSON.stringify(
    {
      proven: isProven(proof),
      changes: prepared.rewritten.changes,
      frontends: learned.targets.map(({ proxy, ask, isFromOrigin, isExact }) => ({
        name: proxy,
        status: ask.status,
        fromOrigin: isFromOrigin,
        exact: isExact,
      })),
      silent: learned.silent,
      differences,
      rows: rows.map((row) => {
        const total = totalOf(row);
        const { move, brand, version, result } = row;
        return {
          move,
          program: brand,
          version,
          moves: result.completed,
          seconds: result.seconds,
          requests: total.requests,
          failed: failedOf(total),
          failedPerMillion: perMillion(failedOf(total), total.requests),
          failures: total.failures,
          slowestMs: total.slowestMs,
          longestGapMs: total.longestGapMs,
          examples: total.examples,
          clients: result.tallies.map(({ kind, requests, failures }) => ({ kind, requests, failures })),
        };
      }),
      advice: adviceOn(proof),
    },
    undefined,
    2,
  )}\n`;
}
