/** What the reload bench measures, as data: sizes, rows, and how a storm's tallies become a row. Pure. */
import type { StormResult } from '../../src/prove/storm.ts';
import {
  FAILURES,
  type Failure,
  failedOf,
  latencyOf,
  perMillion,
  sumOf,
  type Tally,
} from '../../src/prove/tally.ts';

export interface Size {
  /** Generations that must complete in each storm. */
  readonly generations: number;
  /** Requests a storm goes on for, when generations come sooner; 0 = only generations count. */
  readonly requests: number;
  readonly secondsMax: number;
  readonly held: number;
  readonly kills: number;
  /** Reloads whose time is taken. */
  readonly samples: number;
  readonly listeners: number;
  readonly abRequests: number;
}

export const SIZES = {
  quick: {
    generations: 5,
    requests: 0,
    secondsMax: 20,
    held: 100,
    kills: 1,
    samples: 3,
    listeners: 50,
    abRequests: 2_000,
  },
  usual: {
    generations: 40,
    requests: 0,
    secondsMax: 60,
    held: 1000,
    kills: 5,
    samples: 15,
    listeners: 600,
    abRequests: 20_000,
  },
  /** The figures of the project's goals. */
  full: {
    generations: 180,
    requests: 1_000_000,
    secondsMax: 900,
    held: 1000,
    kills: 20,
    samples: 30,
    listeners: 600,
    abRequests: 100_000,
  },
} as const satisfies Record<string, Size>;

export interface Row {
  readonly scenario: string;
  readonly candidate: string;
  readonly version: string;
  readonly requests: number;
  readonly failed: number;
  readonly failures: Partial<Record<Failure, number>>;
  readonly slowestMs: number;
  readonly longestGapMs: number;
  readonly p99Ms: number;
  /** Everything else, in words. */
  readonly notes: readonly string[];
  /** First failures, word by word. */
  readonly examples: readonly string[];
}

/** A storm's result; without requests in it a row is all notes. */
export function rowOf(
  scenario: string,
  candidate: string,
  version: string,
  tallies: readonly Tally[],
  notes: readonly string[],
): Row {
  const all = sumOf('all', tallies);
  const failures: Partial<Record<Failure, number>> = {};
  for (const failure of FAILURES) if (all.failures[failure] > 0) failures[failure] = all.failures[failure];
  return {
    scenario,
    candidate,
    version,
    requests: all.requests,
    failed: failedOf(all),
    failures,
    slowestMs: all.slowestMs,
    longestGapMs: all.longestGapMs,
    p99Ms: latencyOf(all, 0.99),
    notes,
    examples: all.examples
      .slice(0, 5)
      .map(({ atMs, failure, detail }) => `${atMs} ms: ${failure}: ${detail}`),
  };
}

export function rateOf(row: Pick<Row, 'failed' | 'requests'>): number {
  return perMillion(row.failed, row.requests);
}

/** `180 of 201 reloads completed, 9.8 a second`. */
export function generationsNote({ asked, completed, failed, seconds }: StormResult): string {
  const failing = failed > 0 ? `, ${failed} failed` : '';
  return `${completed} of ${asked} moves completed${failing}, ${(completed / seconds).toFixed(1)} a second`;
}
