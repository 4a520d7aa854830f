/**
 * What every measurement has in common: the run it belongs to, and the row it gives. A row holds all repeats, so that
 * the report can pair a candidate's repeat with the baseline's of the same moment.
 */
import type { Candidate } from './candidates.ts';
import type { Placement } from './machine.ts';
import { type Place, type Prepared, prepare } from './running.ts';
import type { Scenario } from './scenarios.ts';
import type { World } from './verify.ts';

export type Unit = 'us/request' | 'bytes/connection' | 'ms' | 'x';

export interface Row {
  readonly scenario: string;
  readonly candidate: string;
  readonly role: Candidate['role'];
  readonly unit: Unit;
  /** One value per repeat, in order. */
  readonly values: number[];
  /** Requests per second of each repeat; empty where that says nothing. */
  readonly rates: number[];
  /** Bytes on the wire of one answer, 0 where that says nothing. */
  readonly bytesSent: number;
  readonly notes: string[];
  /** Why there are no values. */
  readonly skipped: string;
  /** What else was seen in each repeat; for the JSON file. */
  readonly details: Record<string, number>[];
}

export interface RunOptions {
  readonly repeats: number;
  readonly seconds: number;
  readonly warmupSeconds: number;
  /** Start-ups are quick: the median of many. */
  readonly startRepeats: number;
  /** At most so many connections are held. */
  readonly heldMax: number;
}

export interface Bench {
  readonly candidates: readonly Candidate[];
  readonly options: RunOptions;
  readonly placement: Placement;
  readonly place: Place;
  readonly world: World;
  /** One line to the person who waits. */
  readonly say: (line: string) => void;
}

export const emptyRow = (scenario: Scenario, candidate: Candidate, unit: Unit): Row => ({
  scenario: scenario.name,
  candidate: candidate.name,
  role: candidate.role,
  unit,
  values: [],
  rates: [],
  bytesSent: 0,
  notes: [],
  skipped: '',
  details: [],
});

export const skippedRow = (scenario: Scenario, candidate: Candidate, unit: Unit, why: string): Row => ({
  ...emptyRow(scenario, candidate, unit),
  skipped: why,
});

/** The order of one repeat: rotated, so that no candidate always follows the same one. */
export const rotated = <T>(items: readonly T[], by: number): T[] => {
  const start = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
};

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Each candidate's configuration for this scenario, and rows for those that lack something. */
export const prepareAll = async (
  bench: Bench,
  scenario: Scenario,
  threads: number,
  unit: Unit,
): Promise<{ prepared: Prepared[]; rows: Row[] }> => {
  const prepared: Prepared[] = [];
  const rows: Row[] = [];
  for (const candidate of bench.candidates) {
    const lack = candidate.lacks(scenario);
    if (lack === '') prepared.push(await prepare(candidate, scenario.features, threads, bench.place));
    else rows.push(skippedRow(scenario, candidate, unit, lack));
  }
  return { prepared, rows };
};
