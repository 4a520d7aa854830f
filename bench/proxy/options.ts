/** The command line of the bench: words, their defaults, and what is said about a wrong one. State: none. */
import { parseArgs } from 'node:util';
import { CANDIDATE_NAMES, type CandidatePaths } from './candidates.ts';
import type { RunOptions } from './measure.ts';
import { SCENARIOS } from './scenarios.ts';

export interface BenchOptions extends RunOptions {
  readonly scenarios: readonly string[];
  readonly only: readonly string[];
  readonly paths: CandidatePaths;
  /** Where results are written, or '' for nowhere. */
  readonly out: string;
}

export const USAGE = `npm run bench:proxy -- [options]
  --scenario a,b     these scenarios only (default: all)
  --only a,b         these candidates only: ${CANDIDATE_NAMES.join(', ')}
  --repeats N        repeats of each candidate, interleaved (default 3)
  --seconds N        of load in each repeat (default 3)
  --warmup N         seconds of load before the first repeat (default 3)
  --haproxy PATH     the haproxy to compare with (default: the one in PATH)
  --nginx PATH       as candidate and as origin (default: the one in PATH)
  --sluice PATH      (default: bin/sluice)
  --out DIRECTORY    where results go (default: bench/results); --no-save writes none
  --quick            about 10 s: does the harness work? Figures mean nothing; nothing is written
  --list             the scenarios and their targets`;

const QUICK: RunOptions = { repeats: 3, seconds: 1, warmupSeconds: 1, startRepeats: 3, heldMax: 500 };
const START_REPEATS_MIN = 11;
const REPEATS_MAX = 1000;
const SECONDS_MAX = 600;
const HELD_MAX = 14_000;

const names = (text: string | undefined, known: readonly string[], what: string): readonly string[] => {
  if (text === undefined) return known;
  const asked = text.split(',').filter((name) => name !== '');
  const unknown = asked.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new Error(`unknown ${what} '${unknown.join("', '")}'; known: ${known.join(', ')}`);
  return asked;
};

const count = (text: string | undefined, byDefault: number, atMost: number, what: string): number => {
  if (text === undefined) return byDefault;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > atMost) {
    throw new Error(`--${what} takes a whole number from 1 to ${atMost}, not '${text}'`);
  }
  return value;
};

export type Asked = { readonly print: string } | { readonly run: BenchOptions };

export const parseOptions = (argv: readonly string[], root: string): Asked => {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      scenario: { type: 'string' },
      only: { type: 'string' },
      repeats: { type: 'string' },
      seconds: { type: 'string' },
      warmup: { type: 'string' },
      haproxy: { type: 'string', default: 'haproxy' },
      nginx: { type: 'string', default: 'nginx' },
      sluice: { type: 'string', default: `${root}/bin/sluice` },
      out: { type: 'string', default: `${root}/bench/results` },
      'no-save': { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return { print: USAGE };
  if (values.list) {
    return { print: SCENARIOS.map(({ name, about }) => `${name.padEnd(18)}${about}`).join('\n') };
  }
  const { quick } = values;
  const known = SCENARIOS.map((scenario) => scenario.name);
  const repeats = count(values.repeats, 3, REPEATS_MAX, 'repeats');
  return {
    run: {
      scenarios: names(values.scenario ?? (quick ? 'policy' : undefined), known, 'scenario'),
      only: names(values.only, CANDIDATE_NAMES, 'candidate'),
      paths: { haproxy: values.haproxy, nginx: values.nginx, sluice: values.sluice },
      out: quick || values['no-save'] ? '' : values.out,
      repeats: quick ? QUICK.repeats : repeats,
      seconds: quick ? QUICK.seconds : count(values.seconds, 3, SECONDS_MAX, 'seconds'),
      warmupSeconds: quick ? QUICK.warmupSeconds : count(values.warmup, 3, SECONDS_MAX, 'warmup'),
      startRepeats: quick ? QUICK.startRepeats : Math.max(START_REPEATS_MIN, repeats),
      heldMax: quick ? QUICK.heldMax : HELD_MAX,
    },
  };
};
