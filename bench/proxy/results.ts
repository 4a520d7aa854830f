/**
 * What a run leaves in bench/results: JSON with every repeat, a plot and a page. A second run on the same day against
 * the same haproxy on the same versions replaces only the scenarios that it measured. Owns those three files.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from './machine.ts';
import type { Row, RunOptions } from './measure.ts';
import { plotSvg } from './plot.ts';
import { markdownReport } from './report.ts';
import { SCENARIOS } from './scenarios.ts';
import { type ScenarioSummary, summarize } from './summary.ts';

export interface Versions {
  readonly haproxy: string;
  /** Its compiler flags. */
  readonly haproxyBuild: string;
  readonly sluice: string;
  readonly nginx: string;
  readonly wrk: string;
}

export interface MeasuredScenario {
  readonly measuredAt: string;
  readonly settings: RunOptions;
  readonly rows: readonly Row[];
}

export interface Results {
  readonly date: string;
  readonly machine: Machine;
  readonly versions: Versions;
  readonly scenarios: Record<string, MeasuredScenario>;
}

/** In the order of the scenarios table. */
export const summaries = (results: Results): ScenarioSummary[] =>
  SCENARIOS.flatMap((scenario) => {
    const measured = results.scenarios[scenario.name];
    return measured ? [summarize(scenario, measured.rows)] : [];
  });

const earlier = (path: string, now: Results): Record<string, MeasuredScenario> => {
  if (!existsSync(path)) return {};
  const before = JSON.parse(readFileSync(path, 'utf8')) as Results;
  const same = JSON.stringify(before.versions) === JSON.stringify(now.versions);
  return same && before.machine.cpu === now.machine.cpu ? before.scenarios : {};
};

/** Writes the three files and returns their paths. */
export const saveResults = (results: Results, directory: string): string[] => {
  mkdirSync(directory, { recursive: true });
  const name = `${results.date.slice(0, 10)}-haproxy-${results.versions.haproxy.replaceAll(/[^\w.+-]/g, '_')}`;
  const path = (extension: string): string => join(directory, `${name}.${extension}`);
  const merged: Results = {
    ...results,
    scenarios: { ...earlier(path('json'), results), ...results.scenarios },
  };
  const summed = summaries(merged);
  writeFileSync(path('json'), `${JSON.stringify(merged, null, 1)}\n`);
  writeFileSync(path('svg'), plotSvg(`Sluice beside haproxy ${merged.versions.haproxy}`, summed));
  writeFileSync(path('md'), markdownReport(merged, summed, `${name}.svg`));
  return [path('json'), path('svg'), path('md')];
};
