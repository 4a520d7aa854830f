/**
 * One run from beginning to end: the world is set up (origin, sink, bodies, a temporary directory), each scenario is
 * measured, and the world is taken down whatever happened. Prints as it goes; returns the results.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeBodies } from './bodies.ts';
import { type Candidate, findCandidates, haproxyBuild } from './candidates.ts';
import { LogSink } from './log-sink.ts';
import { describeMachine, pinProcess, placement } from './machine.ts';
import { type Bench, messageOf, type Row } from './measure.ts';
import { measureCpu, measureScale } from './measure-cpu.ts';
import { measureHeld } from './measure-held.ts';
import { measureCheck, measureStart } from './measure-start.ts';
import type { BenchOptions } from './options.ts';
import { startOrigin } from './origin.ts';
import { textTable } from './report.ts';
import type { Results, Versions } from './results.ts';
import { stopEverything } from './running.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';
import { summarize } from './summary.ts';
import type { World } from './verify.ts';

const measure = (bench: Bench, scenario: Scenario): Promise<Row[]> => {
  if (scenario.measure === 'cpu') return measureCpu(bench, scenario);
  if (scenario.measure === 'held') return measureHeld(bench, scenario);
  if (scenario.measure === 'start') return measureStart(bench, scenario);
  if (scenario.measure === 'check') return measureCheck(bench, scenario);
  return measureScale(bench, scenario);
};

/** wrk's own name for itself, or nothing when it is not installed. It ends with 1 when asked. */
const wrkVersion = (): string => {
  try {
    const said = execFileSync('/bin/sh', ['-c', 'wrk -v 2>&1; true'], { encoding: 'latin1', timeout: 5000 });
    return /^wrk \S+/m.exec(said)?.[0] ?? '';
  } catch {
    return '';
  }
};

const versionsOf = (options: BenchOptions, candidates: readonly Candidate[]): Versions => {
  const version = (name: string): string =>
    candidates.find((one) => one.name === name)?.version ?? 'not measured';
  return {
    haproxy: version('haproxy'),
    haproxyBuild: haproxyBuild(options.paths.haproxy),
    sluice: version('sluice'),
    nginx: version('nginx'),
    wrk: wrkVersion(),
  };
};

const measureAll = async (bench: Bench, options: BenchOptions): Promise<Results['scenarios']> => {
  const measured: Results['scenarios'] = {};
  for (const scenario of SCENARIOS) {
    if (!options.scenarios.includes(scenario.name)) continue;
    bench.say(`-- ${scenario.name}: ${scenario.about}`);
    const order = bench.candidates.map((candidate) => candidate.name);
    const rows = (await measure(bench, scenario)).sort(
      (a, b) => order.indexOf(a.candidate) - order.indexOf(b.candidate),
    );
    bench.say(textTable([summarize(scenario, rows)]));
    const { repeats, seconds, warmupSeconds, startRepeats, heldMax } = options;
    measured[scenario.name] = {
      measuredAt: new Date().toISOString(),
      settings: { repeats, seconds, warmupSeconds, startRepeats, heldMax },
      rows,
    };
  }
  return measured;
};

const openWorld = async (options: BenchOptions, loadCpus: string, directory: string): Promise<World> => {
  const bodies = makeBodies();
  const sink = await LogSink.open();
  try {
    return { bodies, sink, origin: await startOrigin(options.paths.nginx, loadCpus, directory, bodies) };
  } catch (error) {
    await sink.close();
    throw error;
  }
};

/** Debian keeps servers where only root looks. */
const ADMINISTRATOR_PATHS = ':/usr/local/sbin:/usr/sbin:/sbin';

const lookWhereServersAre = (): void => {
  if (!process.env.PATH?.endsWith(ADMINISTRATOR_PATHS)) process.env.PATH += ADMINISTRATOR_PATHS;
};

export const runBench = async (options: BenchOptions, say: (line: string) => void): Promise<Results> => {
  lookWhereServersAre();
  const { candidates, missing } = findCandidates(options.paths, options.only);
  for (const sentence of missing) say(`left out: ${sentence}`);
  const versions = versionsOf(options, candidates);
  if (versions.wrk === '') throw new Error('wrk is not installed (Debian: apt-get install wrk)');
  const placed = placement();
  const directory = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  process.once('exit', remove);
  const cpusBefore = execFileSync('taskset', ['-p', '-c', String(process.pid)], { encoding: 'latin1' });
  pinProcess(process.pid, placed.loadCpus);
  try {
    const world = await openWorld(options, placed.loadCpus, directory);
    try {
      const place = { originPorts: world.origin.ports, logPort: world.sink.port, directory };
      const bench: Bench = { candidates, options, placement: placed, place, world, say };
      const scenarios = await measureAll(bench, options);
      return { date: new Date().toISOString(), machine: describeMachine(), versions, scenarios };
    } finally {
      await stopEverything();
      await world.origin.stop();
      await world.sink.close();
    }
  } catch (error) {
    throw new Error(messageOf(error), { cause: error });
  } finally {
    pinProcess(process.pid, cpusBefore.slice(cpusBefore.lastIndexOf(':') + 1).trim());
    process.off('exit', remove);
    remove();
  }
};
