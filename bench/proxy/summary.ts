/** From rows to what is said about them: medians, ratios to the baseline of the same repeat, verdicts. State: none. */
import type { Row } from './measure.ts';
import type { Scenario, Target } from './scenarios.ts';
import { type Spread, spread } from './statistic.ts';

/** HAProxy against itself must read this, or the machine was not quiet enough to believe the rest. */
export const CONTROL_MIN = 0.97;
export const CONTROL_MAX = 1.03;

export interface Summary {
  readonly row: Row;
  readonly value: Spread;
  /** Against the baseline, repeat by repeat; undefined without a baseline. */
  readonly ratio: Spread | undefined;
  readonly rate: number;
  /** Bytes sent against the baseline's, where the body is encoded. */
  readonly verdict: 'ok' | 'short' | 'short (bytes)' | 'noisy' | 'skipped' | '';
}

export interface ScenarioSummary {
  readonly scenario: Scenario;
  readonly summaries: readonly Summary[];
  readonly baseline: Summary | undefined;
}

const ratios = (row: Row, baseline: Row): number[] => {
  const pairs: number[] = [];
  const count = Math.min(row.values.length, baseline.values.length);
  for (let i = 0; i < count; i++) {
    if (baseline.values[i]! > 0) pairs.push(row.values[i]! / baseline.values[i]!);
  }
  return pairs;
};

const meets = (target: Target, value: number, ratio: number | undefined): boolean | undefined => {
  if (target.kind === 'limit') return value <= target.atMost;
  if (target.kind === 'ratio' && ratio !== undefined) return ratio <= target.atMost;
  return undefined;
};

const verdictOf = (
  row: Row,
  scenario: Scenario,
  value: Spread,
  ratio: Spread | undefined,
  baseline: Row | undefined,
): Summary['verdict'] => {
  if (row.skipped !== '') return 'skipped';
  if (row.role === 'control' && row.unit === 'us/request' && ratio) {
    return ratio.median >= CONTROL_MIN && ratio.median <= CONTROL_MAX ? 'ok' : 'noisy';
  }
  if (row.role !== 'subject') return '';
  const met = meets(scenario.target, value.median, ratio?.median);
  if (met === undefined) return '';
  if (met && scenario.features.gzip && baseline && row.bytesSent > baseline.bytesSent) return 'short (bytes)';
  return met ? 'ok' : 'short';
};

export const summarize = (scenario: Scenario, rows: readonly Row[]): ScenarioSummary => {
  const baselineRow = rows.find((row) => row.role === 'baseline' && row.values.length > 0);
  const summaries = rows.map((row): Summary => {
    const value = spread(row.values);
    const found = baselineRow && row.role !== 'baseline' ? ratios(row, baselineRow) : [];
    const ratio = found.length > 0 ? spread(found) : undefined;
    return {
      row,
      value,
      ratio,
      rate: spread(row.rates).median,
      verdict: verdictOf(row, scenario, value, ratio, baselineRow),
    };
  });
  return { scenario, summaries, baseline: summaries.find((summary) => summary.row === baselineRow) };
};

/** The target as a ratio to the baseline, for the plot; undefined when it cannot be said so. */
export const targetRatio = (one: ScenarioSummary): number | undefined => {
  const { target } = one.scenario;
  if (target.kind === 'ratio') return target.atMost;
  if (target.kind === 'limit' && one.baseline && one.baseline.value.median > 0) {
    return target.atMost / one.baseline.value.median;
  }
  return undefined;
};
