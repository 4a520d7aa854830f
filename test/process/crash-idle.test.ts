/** A worker that dies of a signal, or of JavaScript, leaves idle clients their connections: they never learn of it. */
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { isAlive } from '../../src/prove/process-view.ts';
import type { ProxyRun } from '../../src/prove/proxy-run.ts';
import { askSocket } from '../../src/prove/runtime-talk.ts';
import { failedOf, sumOf } from '../../src/prove/tally.ts';
import { faultsAddon } from '../crash/scene.ts';
import { until } from '../tool/until.ts';
import { HeldClients } from './held-clients.ts';
import { brands, FAULT_PATH, Lab, type LabPlan, stormClients } from './storm-lab.ts';

const COUNT = 500;
const LONG_MS = 60_000;
const STORM_DEATHS = 4;

/** Ends <worker> of <run>. */
type Kill = (run: ProxyRun, worker: number, lab: Lab) => void;

const segv: Kill = (_run, worker) => process.kill(worker, 'SIGSEGV');

/** An exception that nobody catches: in main with one thread, else in a data thread. */
const panic: Kill = (run) => void askSocket(run.statsSocket, 'expert-mode on; debug dev panic');

/** A request that makes policy meet <name> of native/crash/fault.c: with the clients' requests of its batch it is lost. */
function fault(name: string): Kill {
  return (_run, _worker, lab) => {
    const socket = connect(lab.ports[0] as number, '127.0.0.1', () =>
      socket.write(`GET ${FAULT_PATH}${name} HTTP/1.1\r\nHost: a\r\n\r\n`),
    );
    socket.on('error', () => {});
    onTestFinished(() => void socket.destroy());
  };
}

/** The master's runtime API says that somebody waits to take over. */
async function standby(run: ProxyRun): Promise<void> {
  await until(
    async () => (await askSocket(run.masterSocket, 'show proc; quit'))?.includes(': standby, ready'),
    LONG_MS,
    () => `a standby: ${run.output}`,
  );
}

/** <deaths> by <kill> under load: nobody is refused, every idle client is answered on the connection it had. */
async function survive(brand: Lab['brand'], plan: LabPlan, kill: Kill, deaths = 1): Promise<ProxyRun> {
  const lab = await Lab.open(brand, plan);
  onTestFinished(() => lab.end());
  const run = await lab.start();
  const held = await HeldClients.open(lab.ports, COUNT);
  onTestFinished(() => held.close());
  let [old = 0] = (await held.callRoll()).pids.keys();
  await standby(run);

  const kinds = stormClients(lab.ports);
  const load = lab.load(kinds);
  await until(async () => sumOf('all', await load.look()).answered > 200, LONG_MS, 'a load');

  for (let death = 0; death < deaths; death++) {
    kill(run, old, lab);
    await until(
      () => !isAlive(old),
      LONG_MS,
      () => `the worker to end: ${run.output}`,
    );
    const after = await held.callRoll();
    expect(after, run.output).toMatchObject({ answered: COUNT, ended: 0 });
    expect([...after.pids.keys()]).not.toContain(old);
    expect(after.pids.size).toBe(1);
    [old = 0] = after.pids.keys();
    if (death + 1 < deaths) await standby(run);
  }

  const all = sumOf('all', await load.stop());
  expect(all.failures).toMatchObject({ refused: 0, wrong: 0, serverError: 0, late: 0 });
  // Only what was under way.
  const inFlightMost = kinds.reduce((sum, kind) => sum + kind.connections * kind.pipelined, 0);
  expect(failedOf(all)).toBeLessThanOrEqual(inFlightMost * deaths);
  return run;
}

test('SIGSEGV', async () => {
  await survive(brands.sluice(), {}, segv);
});

test.each([1, 2])('a JavaScript exception, nbthread %i', async (threads) => {
  const run = await survive(brands.sluice(), { threads }, panic);
  expect(run.output).toContain('Error: panic, as asked for by the runtime API\n    at ');
  expect(run.output).toContain(') exited with code 1 (Exit), the 1st death in 15 minutes; worker (');
});

test.each([1, 2])(`${STORM_DEATHS} JavaScript exceptions in a row, nbthread %i`, async (threads) => {
  await survive(brands.sluice(), { threads }, panic, STORM_DEATHS);
});

test.skipIf(!existsSync(faultsAddon)).each([
  ['exception', 'in policy', 1],
  ['exception', 'in policy', 2],
  ['rejection', 'of a promise', 2],
  ['exception-in-main', 'of the thread without clients', 2],
  ['heap', 'full', 2],
])('%s (%s), nbthread %i; needs npm run build:faults', async (name, _where, threads) => {
  const brand = brands.faulty(name === 'heap' ? 'NODE_OPTIONS=--max-old-space-size=64' : undefined);
  await survive(brand, { threads, server: 'check inter 100ms' }, fault(name));
});
