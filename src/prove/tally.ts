/**
 * What a load client saw, as numbers. One Tally belongs to one kind of client; the thread that runs the load writes it,
 * everybody else reads copies. Times are milliseconds since the load began.
 */

/** How a request can fail, worst for a user first. `reused`: an idle connection ended under a request before a byte of its answer. */
export const FAILURES = ['refused', 'reset', 'reused', 'truncated', 'wrong', 'serverError', 'late'] as const;
export type Failure = (typeof FAILURES)[number];

/** What a person calls each. */
export const FAILURE_NAMES: Readonly<Record<Failure, string>> = {
  refused: 'connection refused',
  reset: 'new connection lost',
  reused: 'lost on a reused connection',
  truncated: 'truncated',
  wrong: 'wrong answer',
  serverError: '5xx',
  late: 'no answer in time',
};

/** So many failures are kept word by word. */
const EXAMPLES_MAX = 20;
/** One step of the time line, and how many there are at most (an hour and a bit). */
export const STEP_MS = 100;
const STEPS_MAX = 45_000;
/** Latencies are counted in classes, four for each doubling of microseconds. */
const CLASSES_PER_DOUBLING = 4;
const CLASSES = 120;

export interface Example {
  readonly atMs: number;
  readonly failure: Failure;
  readonly detail: string;
}

export interface Step {
  answered: number;
  failed: number;
  slowestMs: number;
}

export interface Tally {
  readonly kind: string;
  /** Requests sent or tried: each ends as an answer or a failure. */
  requests: number;
  answered: number;
  connections: number;
  /** Connections that an answer announced the end of, and those that ended while nothing was asked: no failures. */
  announcedEnds: number;
  quietEnds: number;
  readonly failures: Record<Failure, number>;
  slowestMs: number;
  /** The longest time in which nothing was answered though something was asked. */
  longestGapMs: number;
  readonly examples: Example[];
  readonly latencies: number[];
  readonly steps: Step[];
}

export function newTally(kind: string): Tally {
  return {
    kind,
    requests: 0,
    answered: 0,
    connections: 0,
    announcedEnds: 0,
    quietEnds: 0,
    failures: { refused: 0, reset: 0, reused: 0, truncated: 0, wrong: 0, serverError: 0, late: 0 },
    slowestMs: 0,
    longestGapMs: 0,
    examples: [],
    latencies: new Array<number>(CLASSES).fill(0),
    steps: [],
  };
}

export function failedOf(tally: Tally): number {
  let sum = 0;
  for (const failure of FAILURES) sum += tally.failures[failure];
  return sum;
}

/** Failures of a million requests; 0 when nothing was asked. */
export function perMillion(failed: number, requests: number): number {
  return requests === 0 ? 0 : (failed / requests) * 1e6;
}

function stepAt(tally: Tally, atMs: number): Step {
  const index = Math.min(STEPS_MAX - 1, Math.max(0, Math.floor(atMs / STEP_MS)));
  const { steps } = tally;
  while (steps.length <= index) steps.push({ answered: 0, failed: 0, slowestMs: 0 });
  return steps[index] as Step;
}

export function countAnswer(tally: Tally, atMs: number, tookMs: number): void {
  tally.answered++;
  if (tookMs > tally.slowestMs) tally.slowestMs = tookMs;
  const us = Math.max(1, tookMs * 1000);
  const index = Math.min(CLASSES - 1, Math.floor(Math.log2(us) * CLASSES_PER_DOUBLING));
  (tally.latencies[index] as number)++;
  const step = stepAt(tally, atMs);
  step.answered++;
  if (tookMs > step.slowestMs) step.slowestMs = tookMs;
}

export function countFailure(tally: Tally, atMs: number, failure: Failure, detail: string): void {
  tally.failures[failure]++;
  stepAt(tally, atMs).failed++;
  if (tally.examples.length < EXAMPLES_MAX) tally.examples.push({ atMs: Math.round(atMs), failure, detail });
}

/** The time within which <share> (0 to 1) of the answers came, in milliseconds: the upper end of its class. */
export function latencyOf(tally: Tally, share: number): number {
  let left = tally.answered * share;
  for (let i = 0; i < CLASSES; i++) {
    left -= tally.latencies[i] as number;
    if (left <= 0 && tally.answered > 0) {
      return Math.min(tally.slowestMs, 2 ** ((i + 1) / CLASSES_PER_DOUBLING) / 1000);
    }
  }
  return tally.slowestMs;
}

/** All of <tallies> as one, named <kind>; examples of the first ones are kept. */
export function sumOf(kind: string, tallies: readonly Tally[]): Tally {
  const sum = newTally(kind);
  for (const one of tallies) {
    sum.requests += one.requests;
    sum.answered += one.answered;
    sum.connections += one.connections;
    sum.announcedEnds += one.announcedEnds;
    sum.quietEnds += one.quietEnds;
    for (const failure of FAILURES) sum.failures[failure] += one.failures[failure];
    sum.slowestMs = Math.max(sum.slowestMs, one.slowestMs);
    sum.longestGapMs = Math.max(sum.longestGapMs, one.longestGapMs);
    sum.examples.push(...one.examples.slice(0, EXAMPLES_MAX - sum.examples.length));
    for (let i = 0; i < CLASSES; i++) (sum.latencies[i] as number) += one.latencies[i] ?? 0;
    for (const [i, step] of one.steps.entries()) {
      const into = stepAt(sum, i * STEP_MS);
      into.answered += step.answered;
      into.failed += step.failed;
      into.slowestMs = Math.max(into.slowestMs, step.slowestMs);
    }
  }
  return sum;
}
