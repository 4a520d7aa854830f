/**
 * Wall-clock times of short lives: exec to the first answer, and `-c`. The bench itself moves to the CPUs of the
 * measured program for this, so that no taskset stands between spawn and the program.
 */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Candidate } from './candidates.ts';
import { requestHead } from './exchange.ts';
import { pinProcess, startEnvironment } from './machine.ts';
import { type Bench, emptyRow, messageOf, prepareAll, type Row, rotated, skippedRow } from './measure.ts';
import { launch, type Prepared, RunningProgram } from './running.ts';
import type { CheckScenario, StartScenario } from './scenarios.ts';
import { median } from './statistic.ts';
import { verify } from './verify.ts';

const ANSWER_WITHIN_MS = 10_000;
const CHECK_WITHIN_MS = 60_000;
/** Between two knocks at a port that refuses: short against what is measured, long enough to leave the CPUs to the program. */
const KNOCK_EVERY_MS = 4;

/** True when the first bytes of a 200 came, false when the port refused or closed. */
const knock = (port: number, head: Buffer): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const end = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.setTimeout(ANSWER_WITHIN_MS, () => end(false));
    socket.on('error', () => end(false));
    socket.on('close', () => end(false));
    socket.on('data', (piece) => end(piece.toString('latin1', 0, 12) === 'HTTP/1.1 200'));
    socket.write(head);
  });

const startOnce = async (scenario: StartScenario, prepared: Prepared): Promise<number> => {
  const head = requestHead(scenario.request, 0);
  const startedAt = performance.now();
  const program = new RunningProgram(
    prepared.candidate.name,
    prepared.candidate.command(prepared.configPath),
  );
  try {
    while (!(await knock(prepared.port, head))) {
      if (!program.running || performance.now() - startedAt > ANSWER_WITHIN_MS) {
        throw new Error(`no first answer: ${program.complaint}`);
      }
      await pause(KNOCK_EVERY_MS);
    }
    return performance.now() - startedAt;
  } finally {
    await program.stop();
  }
};

const checkOnce = (command: readonly string[]): Promise<number> =>
  new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const child = spawn(command[0]!, command.slice(1), {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: startEnvironment(),
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), CHECK_WITHIN_MS);
    let said = '';
    child.stderr.on('data', (piece: Buffer) => {
      said = (said + piece.toString('latin1')).slice(-2000);
    });
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      if (code === 0) resolve(performance.now() - startedAt);
      else reject(new Error(`-c ended with ${code}: ${said.trim()}`));
    });
  });

/** Repeats `once` for every candidate in rotated order; the first error of one ends that one. */
const repeated = async (
  bench: Bench,
  rows: Row[],
  once: (index: number) => Promise<number>,
): Promise<void> => {
  pinProcess(process.pid, bench.placement.wideCpus);
  try {
    for (let repeat = 0; repeat < bench.options.startRepeats; repeat++) {
      for (const i of rotated([...rows.keys()], repeat)) {
        if (rows[i]!.skipped !== '') continue;
        try {
          rows[i]!.values.push(await once(i));
        } catch (error) {
          rows[i] = { ...rows[i]!, values: [], skipped: messageOf(error) };
        }
      }
    }
  } finally {
    pinProcess(process.pid, bench.placement.loadCpus);
  }
};

export const measureStart = async (bench: Bench, scenario: StartScenario): Promise<Row[]> => {
  const { prepared, rows } = await prepareAll(bench, scenario, scenario.threads, 'ms');
  const measured = prepared.map(({ candidate }) => emptyRow(scenario, candidate, 'ms'));
  for (const i of prepared.keys()) {
    try {
      const program = await launch(prepared[i]!, bench.placement.wideCpus);
      try {
        await verify(prepared[i]!.port, scenario.features, scenario.request, bench.world);
      } finally {
        await program.stop();
      }
    } catch (error) {
      measured[i] = { ...measured[i]!, skipped: messageOf(error) };
    }
  }
  const bareMs: number[] = [];
  await repeated(bench, measured, async (i) => {
    if (measured[i]!.role === 'subject') bareMs.push(await checkOnce([process.execPath, '-e', '0']));
    return startOnce(scenario, prepared[i]!);
  });
  const subject = measured.find((row) => row.role === 'subject');
  if (bareMs.length > 0) subject?.notes.push(`bare node here ${median(bareMs).toFixed(0)} ms`);
  return [...rows, ...measured];
};

export const measureCheck = async (bench: Bench, scenario: CheckScenario): Promise<Row[]> => {
  const rows: Row[] = [];
  const able: { candidate: Candidate; command: readonly string[] }[] = [];
  for (const candidate of bench.candidates) {
    const lack = candidate.lacks(scenario);
    if (!candidate.check || lack !== '') {
      rows.push(skippedRow(scenario, candidate, 'ms', lack));
      continue;
    }
    const configPath = join(bench.place.directory, `${candidate.name}-check.cfg`);
    writeFileSync(configPath, candidate.check.configText(scenario.servers));
    able.push({ candidate, command: candidate.check.command(configPath) });
  }
  const measured = able.map(({ candidate }) => emptyRow(scenario, candidate, 'ms'));
  await repeated(bench, measured, (i) => checkOnce(able[i]!.command));
  return [...rows, ...measured];
};
