/**
 * Memory per held connection: a fresh process each time (pools keep what they once took), warmed with traffic so that
 * a JavaScript heap has its size before, then the difference in PSS with the connections open.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { pssBytes } from './cpu-meter.ts';
import { holdConnections } from './load-held.ts';
import { runWrk } from './load-wrk.ts';
import { connectionsMax } from './machine.ts';
import { type Bench, emptyRow, messageOf, prepareAll, type Row, rotated } from './measure.ts';
import { launch, type Prepared, type RunningProgram } from './running.ts';
import type { HeldScenario } from './scenarios.ts';
import { verify } from './verify.ts';

const WARMUP_CONNECTIONS = 64;
/** Below the proxy's limit, for those of the warm-up that still close. */
const SPARE_CONNECTIONS = 100;
const SETTLE_STEP_MS = 500;
const SETTLE_STEPS_MAX = 24;
const SETTLED_WITHIN = 0.003;

/** The memory once it no longer moves, or after 12 s. */
const settledPss = async (program: RunningProgram): Promise<number> => {
  let last = pssBytes(program.pids);
  for (let step = 0; step < SETTLE_STEPS_MAX; step++) {
    await pause(SETTLE_STEP_MS);
    const now = pssBytes(program.pids);
    if (Math.abs(now - last) <= last * SETTLED_WITHIN) return now;
    last = now;
  }
  return last;
};

const sample = async (bench: Bench, scenario: HeldScenario, prepared: Prepared, row: Row): Promise<void> => {
  const { placement, options, world, place } = bench;
  const program = await launch(prepared, String(placement.proxyCpu));
  try {
    const { wireBytes } = await verify(prepared.port, scenario.features, scenario.request, world);
    await runWrk({
      port: prepared.port,
      request: scenario.warmup,
      connections: WARMUP_CONNECTIONS,
      seconds: options.warmupSeconds,
      cpus: placement.loadCpus,
      directory: place.directory,
      bodyBytes: undefined,
    });
    const before = await settledPss(program);
    const count = Math.min(scenario.connections, options.heldMax, connectionsMax() - SPARE_CONNECTIONS);
    const answerBytes = scenario.manner === 'idle' ? wireBytes : 0;
    const held = await holdConnections(prepared.port, count, scenario.request, answerBytes);
    const after = await settledPss(program);
    const lost = held.lost;
    held.release();
    if (lost > 0) throw new Error(`${lost} of ${count} held connections were closed`);
    if (count < scenario.connections && row.notes.length === 0) row.notes.push(`only ${count} connections`);
    row.values.push(Math.max(0, after - before) / count);
    row.details.push({ connections: count, pssBeforeBytes: before, pssAfterBytes: after });
  } finally {
    await program.stop();
  }
};

export const measureHeld = async (bench: Bench, scenario: HeldScenario): Promise<Row[]> => {
  const { prepared, rows } = await prepareAll(bench, scenario, 1, 'bytes/connection');
  const measured = prepared.map(({ candidate }) => emptyRow(scenario, candidate, 'bytes/connection'));
  for (let repeat = 0; repeat < bench.options.repeats; repeat++) {
    for (const i of rotated([...prepared.keys()], repeat)) {
      if (measured[i]!.skipped !== '') continue;
      try {
        await sample(bench, scenario, prepared[i]!, measured[i]!);
      } catch (error) {
        measured[i] = { ...measured[i]!, values: [], skipped: messageOf(error) };
      }
    }
  }
  return [...rows, ...measured];
};
