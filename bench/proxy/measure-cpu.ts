/**
 * CPU per request: all candidates live side by side for the whole scenario, each alone under load in its turn; the
 * order rotates from repeat to repeat. What one repeat gives is the CPU time of all threads divided by the answers.
 * The scale scenario shares the load but reads throughput, two threads over one.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { cpuLoad, cpuTimeNs } from './cpu-meter.ts';
import { runWrk } from './load-wrk.ts';
import { type Bench, emptyRow, messageOf, prepareAll, type Row, rotated, skippedRow } from './measure.ts';
import { launch, type Prepared, type RunningProgram } from './running.ts';
import type { CpuScenario, ScaleScenario } from './scenarios.ts';
import { verify } from './verify.ts';

/** After a load ends, its last connections still close. */
const SETTLE_MS = 150;
/** A sample is doubted when others used more than this share of the proxy's CPU. */
const FOREIGN_SHARE_MAX = 0.05;
/** Fewer log lines than this share of the requests is a loss that must be seen. */
const LOG_SHARE_MIN = 0.99;
const ERROR_SHARE_MAX = 0.001;

interface Contender {
  readonly prepared: Prepared;
  readonly program: RunningProgram;
  row: Row;
}

const load = (
  bench: Bench,
  scenario: CpuScenario | ScaleScenario,
  port: number,
  seconds: number,
  cpus: string,
) =>
  runWrk({
    port,
    seconds,
    cpus,
    request: scenario.request,
    connections: scenario.connections,
    directory: bench.place.directory,
    bodyBytes: bench.world.bodies.get(scenario.request.body)?.bytes,
  });

const note = (row: Row, text: string): void => {
  if (!row.notes.includes(text)) row.notes.push(text);
};

const sample = async (bench: Bench, scenario: CpuScenario, contender: Contender): Promise<void> => {
  const { row, program, prepared } = contender;
  const cpu = bench.placement.proxyCpu;
  const linesBefore = bench.world.sink.lines;
  const pids = program.pids;
  const startedAt = performance.now();
  const wholeBefore = cpuLoad(cpu);
  const before = cpuTimeNs(pids);
  const result = await load(bench, scenario, prepared.port, bench.options.seconds, bench.placement.loadCpus);
  await pause(SETTLE_MS);
  const usedNs = cpuTimeNs(pids) - before;
  const whole = cpuLoad(cpu);
  const elapsedNs = (performance.now() - startedAt) * 1e6;
  if (!program.running) throw new Error(`it ended under load: ${program.complaint}`);
  if (result.requests === 0) throw new Error('no request was answered');
  const foreignShare = Math.max(0, whole.busyNs - wholeBefore.busyNs - usedNs) / elapsedNs;
  const stolenShare = (whole.stolenNs - wholeBefore.stolenNs) / elapsedNs;
  const logShare = (bench.world.sink.lines - linesBefore) / result.requests;
  if (result.errors > result.requests * ERROR_SHARE_MAX) note(row, `${result.errors} failed requests`);
  if (foreignShare > FOREIGN_SHARE_MAX) note(row, 'noisy machine');
  if (scenario.features.log && logShare < LOG_SHARE_MIN)
    note(row, `logged only ${(logShare * 100).toFixed(1)}%`);
  row.values.push(usedNs / 1000 / result.requests);
  row.rates.push(result.requests / result.seconds);
  row.details.push({
    requests: result.requests,
    errors: result.errors,
    bytesPerRequest: result.bytes / result.requests,
    p50Us: result.p50Us,
    p99Us: result.p99Us,
    proxyCpuShare: usedNs / elapsedNs,
    foreignShare,
    stolenShare,
    logShare: scenario.features.log ? logShare : 0,
  });
};

const enter = async (bench: Bench, scenario: CpuScenario, prepared: Prepared): Promise<Contender | Row> => {
  let program: RunningProgram | undefined;
  try {
    program = await launch(prepared, String(bench.placement.proxyCpu));
    const verified = await verify(prepared.port, scenario.features, scenario.request, bench.world);
    const row = { ...emptyRow(scenario, prepared.candidate, 'us/request'), bytesSent: verified.wireBytes };
    return { prepared, program, row };
  } catch (error) {
    await program?.stop();
    return skippedRow(scenario, prepared.candidate, 'us/request', messageOf(error));
  }
};

const turn = async (bench: Bench, contender: Contender, act: () => Promise<unknown>): Promise<boolean> => {
  try {
    await act();
    return true;
  } catch (error) {
    contender.row = { ...contender.row, values: [], rates: [], skipped: messageOf(error) };
    bench.say(`    ${contender.prepared.candidate.name}: ${messageOf(error)}`);
    return false;
  }
};

export const measureCpu = async (bench: Bench, scenario: CpuScenario): Promise<Row[]> => {
  const { prepared, rows } = await prepareAll(bench, scenario, 1, 'us/request');
  const contenders: Contender[] = [];
  for (const one of prepared) {
    const entered = await enter(bench, scenario, one);
    if ('program' in entered) contenders.push(entered);
    else rows.push(entered);
  }
  const { warmupSeconds, repeats } = bench.options;
  const failed = new Set<Contender>();
  const each = async (
    order: readonly Contender[],
    act: (one: Contender) => Promise<unknown>,
  ): Promise<void> => {
    for (const one of order) {
      if (!failed.has(one) && !(await turn(bench, one, () => act(one)))) failed.add(one);
    }
  };
  try {
    await each(contenders, (one) =>
      load(bench, scenario, one.prepared.port, warmupSeconds, bench.placement.loadCpus),
    );
    for (let repeat = 0; repeat < repeats; repeat++) {
      await each(rotated(contenders, repeat), (one) => sample(bench, scenario, one));
    }
  } finally {
    await Promise.all(contenders.map((one) => one.program.stop()));
  }
  return [...rows, ...contenders.map((one) => one.row)];
};

/** Requests per second with this many threads, on the CPUs that two threads may use. */
const throughput = async (bench: Bench, scenario: ScaleScenario, prepared: Prepared): Promise<number> => {
  const program = await launch(prepared, bench.placement.wideCpus);
  try {
    await verify(prepared.port, scenario.features, scenario.request, bench.world);
    const { warmupSeconds, seconds } = bench.options;
    await load(bench, scenario, prepared.port, warmupSeconds, bench.placement.wideLoadCpus);
    const result = await load(bench, scenario, prepared.port, seconds, bench.placement.wideLoadCpus);
    return result.requests / result.seconds;
  } finally {
    await program.stop();
  }
};

export const measureScale = async (bench: Bench, scenario: ScaleScenario): Promise<Row[]> => {
  const one = await prepareAll(bench, scenario, 1, 'x');
  const two = await prepareAll(bench, scenario, 2, 'x');
  const rows = one.prepared.map(({ candidate }) => emptyRow(scenario, candidate, 'x'));
  for (let repeat = 0; repeat < bench.options.repeats; repeat++) {
    for (const i of rotated([...rows.keys()], repeat)) {
      const row = rows[i]!;
      if (row.skipped !== '') continue;
      try {
        const single = await throughput(bench, scenario, one.prepared[i]!);
        const double = await throughput(bench, scenario, two.prepared[i]!);
        row.values.push(double / single);
        row.rates.push(double);
        row.details.push({ oneThreadPerSecond: single, twoThreadsPerSecond: double });
      } catch (error) {
        rows[i] = { ...row, values: [], rates: [], skipped: messageOf(error) };
      }
    }
  }
  if (bench.placement.wideLoadCpus.startsWith('0')) {
    for (const row of rows) note(row, 'the load shares these CPUs');
  }
  return [...one.rows, ...rows];
};
