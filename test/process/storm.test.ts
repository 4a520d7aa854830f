/**
 * Storms, short: whatever is done to the proxy under load, no request is lost. Long ones are in storm.soak.test.ts, the same
 * with haproxy and nginx in storm.peers.test.ts.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { childrenOf, isAlive, listenInodes } from '../../src/prove/process-view.ts';
import type { ProxyRun } from '../../src/prove/proxy-run.ts';
import { askSocket, type MasterView, pidAt } from '../../src/prove/runtime-talk.ts';
import { type Move, runStorm, type StormPlan } from '../../src/prove/storm.ts';
import { failedOf, sumOf, type Tally } from '../../src/prove/tally.ts';
import { until } from '../tool/until.ts';
import { HeldClients } from './held-clients.ts';
import { brands, copyProgram, Lab, type LabPlan, stormClients, upgrade } from './storm-lab.ts';

/** A storm is over after so long, whatever it has done. */
const STORM_MAX_SECONDS = 60;
const LONG_MS = 60_000;

async function openLab(plan: LabPlan = {}, brand = brands.sluice()): Promise<Lab> {
  const lab = await Lab.open(brand, plan);
  onTestFinished(() => lab.end());
  return lab;
}

function plan(move: Move, moves: number, more: Partial<StormPlan> = {}): StormPlan {
  return {
    move,
    moves,
    everyMs: 100,
    untilLoadEnds: false,
    isPaced: true,
    secondsMax: STORM_MAX_SECONDS,
    ...more,
  };
}

/** What was lost, with the first examples, so that a red test reads by itself. */
function lostBy(tallies: readonly Tally[]) {
  const all = sumOf('all', tallies);
  return { failed: failedOf(all), examples: all.examples.slice(0, 5) };
}

const NOTHING = { failed: 0, examples: [] };

/** Waits until one worker is left and no old one. */
async function settled(run: ProxyRun): Promise<MasterView> {
  let view: MasterView | undefined;
  await until(
    async () => {
      view = await run.view();
      return view !== undefined && view.workers.length === 1 && view.oldWorkers.length === 0;
    },
    LONG_MS,
    () => `one worker and no old ones: ${JSON.stringify(view)}\n${run.output}`,
  );
  return view as MasterView;
}

test('reloads, each awaited: nothing is lost, the master stays', async () => {
  const lab = await openLab();
  const run = await lab.start();
  const master = run.pid;
  const result = await runStorm(run, lab.load(), plan('reload', 6));
  expect(lostBy(result.tallies)).toEqual(NOTHING);
  expect(result.completed).toBeGreaterThanOrEqual(6);
  const view = await settled(run);
  expect(view.pid).toBe(master);
  for (const tally of result.tallies) expect(tally.answered, tally.kind).toBeGreaterThan(20);
});

test('more signals than can be obeyed: nothing is lost, nothing piles up', async () => {
  const lab = await openLab();
  const run = await lab.start();
  const load = lab.load();
  let most = 0;
  const watch = setInterval(() => (most = Math.max(most, childrenOf(run.pid).length)), 20);
  onTestFinished(() => clearInterval(watch));
  const result = await runStorm(run, load, plan('reload', 5, { isPaced: false, everyMs: 10 }));
  expect(lostBy(result.tallies)).toEqual(NOTHING);
  expect(result.completed).toBeGreaterThanOrEqual(5);
  expect(result.completed).toBeLessThanOrEqual(result.asked);
  // The worker that serves, the next one, a standby or a spare, and some that end.
  expect(most).toBeLessThanOrEqual(8);
  await settled(run);
});

test('reloads that fail in between leave the worker as it is, and the next one works', async () => {
  const lab = await openLab();
  const run = await lab.start();
  const load = lab.load();
  for (let failed = 1; failed <= 3; failed++) {
    const before = await settled(run);
    lab.write(true);
    run.signalReload();
    await until(
      async () => (await run.view())?.failed === failed,
      LONG_MS,
      () => `a reload that fails: ${run.output}`,
    );
    expect((await settled(run)).workers).toEqual(before.workers);
    expect(run.output).toContain('no-such-section');
    lab.write();
    expect(await run.reload()).toBeGreaterThan(0);
  }
  expect(lostBy(await load.stop())).toEqual(NOTHING);
});

test('the next process takes sockets and idle connections by -x: nothing is lost', async () => {
  const lab = await openLab();
  const run = await lab.start('single');
  const inodes = listenInodes(lab.ports);
  const result = await runStorm(run, lab.load(), plan('transfer', 4, { everyMs: 300 }));
  expect(lostBy(result.tallies)).toEqual(NOTHING);
  expect(result.completed).toBe(4);
  expect(listenInodes(lab.ports)).toEqual(inodes);
  await until(() => run.lingering().length === 0, LONG_MS, 'the processes before to end');
});

test('idle clients keep their connections over a reload, and the old worker is gone at once', async () => {
  const COUNT = 1000;
  const lab = await openLab();
  const run = await lab.start();
  const held = await HeldClients.open(lab.ports, COUNT);
  onTestFinished(() => held.close());
  const first = await held.callRoll();
  const [old = 0] = first.pids.keys();
  expect(first).toMatchObject({ answered: COUNT, ended: 0 });
  expect(await run.reload()).toBeGreaterThan(0);
  await until(() => !isAlive(old), LONG_MS, 'the old worker to end');
  const [worker] = (await settled(run)).workers;
  const second = await held.callRoll();
  expect(second).toEqual({ answered: COUNT, ended: 0, pids: new Map([[worker, COUNT]]) });
});

test('600 listeners are the same sockets after reloads', async () => {
  const lab = await openLab({ listeners: 600 });
  const run = await lab.start();
  const inodes = listenInodes(lab.ports);
  expect(inodes.flat()).toHaveLength(600);
  for (let i = 0; i < 3; i++) expect(await run.reload()).toBeGreaterThan(0);
  expect(listenInodes(lab.ports)).toEqual(inodes);
  const held = await HeldClients.open(lab.ports, 600);
  onTestFinished(() => held.close());
  expect((await held.callRoll()).answered).toBe(600);
});

test('a reload is an upgrade: a program replaced on disk serves next, nothing is lost', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-upgrade-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  copyProgram(folder);
  const lab = await openLab({}, brands.sluiceAt(folder));
  const run = await lab.start();
  const load = lab.load();
  const versionOf = async () =>
    /^Version: (.*)$/m.exec((await askSocket(run.statsSocket, 'show info')) ?? '')?.[1];
  const before = (await versionOf()) as string;
  upgrade(folder, before, '9.9-next');
  expect(await run.reload()).toBeGreaterThan(0);
  await settled(run);
  expect(await versionOf()).toBe('9.9-next');
  expect(lostBy(await load.stop())).toEqual(NOTHING);
});

test.each(['SIGKILL', 'SIGSEGV'] as const)(
  '%s to the worker costs at most what was in flight, and no connection is refused',
  async (signal) => {
    const lab = await openLab();
    const run = await lab.start();
    await settled(run);
    const kinds = stormClients(lab.ports);
    const load = lab.load(kinds);
    const inFlightMost = kinds.reduce((sum, kind) => sum + kind.connections * kind.pipelined, 0);
    const KILLS = 2;
    for (let i = 0; i < KILLS; i++) {
      const worker = (await pidAt(run.statsSocket)) as number;
      process.kill(worker, signal);
      await until(
        async () => ![undefined, worker].includes(await pidAt(run.statsSocket)),
        LONG_MS,
        'the next worker to serve',
      );
      await settled(run);
    }
    const tallies = await load.stop();
    const all = sumOf('all', tallies);
    expect(all.failures).toMatchObject({ refused: 0, wrong: 0, serverError: 0, late: 0 });
    expect(failedOf(all)).toBeLessThanOrEqual(KILLS * inFlightMost);
    expect(isAlive(run.pid)).toBe(true);
  },
);

test('hostile peers on the sockets of the runtime API change nothing', async () => {
  const lab = await openLab();
  const run = await lab.start();
  const load = lab.load();
  const words = [
    '_getsocks\n',
    '_getsocks',
    '\0'.repeat(5000),
    'show '.repeat(20_000),
    '@1 _getsocks\n',
    'reload;'.repeat(3),
  ];
  for (const path of [run.statsSocket, run.masterSocket]) {
    for (let i = 0; i < 60; i++) {
      const peer = connect({ path });
      peer.on('error', () => peer.destroy());
      peer.write(words[i % words.length] as string);
      if (i % 2 === 0) setTimeout(() => peer.destroy(), i);
      else onTestFinished(() => void peer.destroy());
    }
  }
  expect(await run.reload()).toBeGreaterThan(0);
  await settled(run);
  expect(lostBy(await load.stop())).toEqual(NOTHING);
});
