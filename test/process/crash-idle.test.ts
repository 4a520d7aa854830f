/** A worker that dies of a signal leaves idle clients their connections: they never learn of it. */
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { isAlive } from '../../src/prove/process-view.ts';
import { failedOf, sumOf } from '../../src/prove/tally.ts';
import { until } from '../tool/until.ts';
import { HeldClients } from './held-clients.ts';
import { brands, Lab, stormClients } from './storm-lab.ts';

const COUNT = 500;
const LONG_MS = 60_000;

/** The master's runtime API says that somebody waits to take over. */
function hasStandby(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(path, () => socket.write('show proc; quit\n'));
    socket.on('data', (data: Buffer) => (text += data.toString('latin1')));
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(text.includes(': standby, ready')));
  });
}

test('SIGSEGV under load: nobody is refused, every idle client is answered on the connection it had', async () => {
  const lab = await Lab.open(brands.sluice());
  onTestFinished(() => lab.end());
  const run = await lab.start();
  const held = await HeldClients.open(lab.ports, COUNT);
  onTestFinished(() => held.close());
  const [old = 0] = (await held.callRoll()).pids.keys();
  await until(
    () => hasStandby(run.masterSocket),
    LONG_MS,
    () => `a standby: ${run.output}`,
  );

  const kinds = stormClients(lab.ports);
  const load = lab.load(kinds);
  await until(async () => sumOf('all', await load.look()).answered > 200, LONG_MS, 'a load');

  process.kill(old, 'SIGSEGV');
  await until(() => !isAlive(old), LONG_MS, 'the worker to end');
  const after = await held.callRoll();
  const all = sumOf('all', await load.stop());

  expect(after).toMatchObject({ answered: COUNT, ended: 0 });
  expect([...after.pids.keys()]).not.toContain(old);
  expect(after.pids.size).toBe(1);
  expect(all.failures).toMatchObject({ refused: 0, wrong: 0, serverError: 0, late: 0 });
  // Only what was under way.
  const inFlightMost = kinds.reduce((sum, kind) => sum + kind.connections * kind.pipelined, 0);
  expect(failedOf(all)).toBeLessThanOrEqual(inFlightMost);
});
