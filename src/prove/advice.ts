/** The sentences below the table: what the numbers mean for who runs this configuration, and what to change. Pure. */
import { HITLESS, MOVE_NAMES } from './move-names.ts';
import type { Proof, ProofRow } from './proof.ts';
import type { Move } from './storm.ts';
import { grouped } from './table.ts';
import { FAILURE_NAMES, FAILURES, type Failure, failedOf, perMillion, sumOf, type Tally } from './tally.ts';

function totalOf(row: ProofRow): Tally {
  return sumOf('all', row.result.tallies);
}

function rateOf(row: ProofRow): number {
  const total = totalOf(row);
  return perMillion(failedOf(total), total.requests);
}

function mostFrequent(tally: Tally): Failure {
  return FAILURES.reduce(
    (most, one) => (tally.failures[one] > tally.failures[most] ? one : most),
    FAILURES[0],
  );
}

/** What to do about failures of each kind while reloading. */
function cureOf(failure: Failure, hardStopAfter: string): string {
  const cut =
    hardStopAfter === '' ? '' : ` 'hard-stop-after ${hardStopAfter}' cuts what takes longer: raise it.`;
  if (failure === 'refused')
    return 'Nobody held the listening socket for a moment: start it with -W, or pass -x with -sf.';
  if (failure === 'reused') {
    return "Idle connections were closed under a request: add 'option idle-close-on-response' to the frontends.";
  }
  if (failure === 'reset')
    return 'Connections waited in a queue that was closed: pass -x with -sf, or start it with -W.';
  if (failure === 'truncated') return `Answers were cut by the end of the old process.${cut}`;
  if (failure === 'late')
    return 'Some answers took longer than the proof waits: look at queues and timeouts first.';
  return 'The proxy answered something else than before: look at the rules, and at limits such as maxconn.';
}

/** Standing still there must be no failure, or no other row means anything. */
function stillAdvice(row: ProofRow): string[] {
  const total = totalOf(row);
  const failed = failedOf(total);
  if (failed === 0) return [];
  const first = total.examples[0];
  const example = first === undefined ? '' : ` (first: ${FAILURE_NAMES[first.failure]}, ${first.detail})`;
  return [
    `${row.brand} failed ${grouped(failed)} of ${grouped(total.requests)} requests while standing still${example}: ` +
      'the rules refuse part of this load, so read no other row before that is understood. ' +
      'Ask something else with --path and --host, or fewer clients with --connections.',
  ];
}

function hitlessAdvice(row: ProofRow, hardStopAfter: string): string[] {
  const { move, brand, result } = row;
  const total = totalOf(row);
  const failed = failedOf(total);
  const how = MOVE_NAMES[move];
  if (result.completed === 0)
    return [`${brand}: no ${how} came to be; the numbers of its row prove nothing.`];
  const some = result.failed > 0 ? [`${brand}: ${result.failed} of the reloads failed.`] : [];
  if (failed === 0) return some;
  return [
    ...some,
    `${brand} lost ${grouped(rateOf(row))} per million by ${how}. ${cureOf(mostFrequent(total), hardStopAfter)}`,
  ];
}

/** For who still restarts. */
function comparison(rows: readonly ProofRow[]): string[] {
  const lossless = rows.filter(
    (row) =>
      row.move !== 'still' &&
      HITLESS.has(row.move) &&
      row.result.completed > 0 &&
      failedOf(totalOf(row)) === 0,
  );
  const lossy = rows.filter((row) => !HITLESS.has(row.move) && failedOf(totalOf(row)) > 0);
  const best = lossless[0];
  if (best === undefined) return [];
  const asked = lossless.reduce((sum, row) => sum + totalOf(row).requests, 0);
  const moves = lossless.reduce((sum, row) => sum + row.result.completed, 0);
  const sentences = [
    `${best.brand} lost none of ${grouped(asked)} requests over ${grouped(moves)} moves by ${lossless.map((row) => MOVE_NAMES[row.move]).join(' and ')}.`,
  ];
  const worst = lossy.map((row) => `${MOVE_NAMES[row.move]} loses ${grouped(rateOf(row))} per million`);
  if (worst.length > 0) {
    const instead =
      best.move === 'reload'
        ? "SIGUSR2 to its master (started with -W; 'systemctl reload')"
        : '-x <stats socket> together with -sf';
    sentences.push(`Change nothing by stopping it: ${worst.join(', ')}. Use ${instead} instead.`);
  }
  return sentences;
}

function has(rows: readonly ProofRow[], move: Move): boolean {
  return rows.some((row) => row.move === move);
}

export function adviceOn({ rows, prepared }: Proof): string[] {
  const { hardStopAfter, exposesListeners } = prepared.rewritten;
  const brands = [...new Set(rows.map((row) => row.brand))];
  const sentences: string[] = [];
  for (const brand of brands) {
    const own = rows.filter((row) => row.brand === brand);
    for (const row of own) {
      if (row.move === 'still') sentences.push(...stillAdvice(row));
      else if (HITLESS.has(row.move)) sentences.push(...hitlessAdvice(row, hardStopAfter));
    }
    sentences.push(...comparison(own));
  }
  if (has(rows, 'transfer') && !exposesListeners) {
    sentences.push(
      "Your configuration does not let a next process take its sockets by -x: add to 'global': " +
        'stats socket /run/haproxy/admin.sock mode 600 level admin expose-fd listeners',
    );
  }
  return sentences;
}
