/** What happens to resting clients when their listener is not in the next configuration: nobody is cut off in the middle of a request. */
import { expect, onTestFinished, test } from 'vitest';
import { isAlive } from '../../src/prove/process-view.ts';
import { until } from '../tool/until.ts';
import { HeldClients } from './held-clients.ts';
import { brands, Lab } from './storm-lab.ts';

const COUNT = 50;
const LONG_MS = 60_000;

async function hold(port: number): Promise<HeldClients> {
  const held = await HeldClients.open([port], COUNT);
  onTestFinished(() => held.close());
  expect(await held.callRoll()).toMatchObject({ answered: COUNT, ended: 0 });
  return held;
}

test('clients of a listener that is gone are served where they are, told to leave, and not waited for', async () => {
  const lab = await Lab.open(brands.sluice(), { listeners: 2 });
  onTestFinished(() => lab.end());
  const run = await lab.start();
  const [kept, removed] = lab.ports as [number, number];
  const moving = await hold(kept);
  const asking = await hold(removed);
  await hold(removed);
  const [old = 0] = (await asking.callRoll()).pids.keys();
  lab.ports.pop();
  lab.write();
  expect(await run.reload()).toBeGreaterThan(0);

  const hasMoved = async () => {
    const roll = await moving.callRoll();
    expect(roll).toMatchObject({ answered: COUNT, ended: 0 });
    return !roll.pids.has(old);
  };
  await until(hasMoved, LONG_MS, 'the clients of the other listener to move');
  expect(await asking.callRoll()).toMatchObject({ answered: COUNT, pids: new Map([[old, COUNT]]) });
  expect(await asking.callRoll()).toMatchObject({ answered: 0, ended: COUNT });
  await until(() => !isAlive(old), LONG_MS, 'the old worker to end: its silent clients have had their time');
});
