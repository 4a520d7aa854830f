/**
 * The scenarios: each takes a brand and gives a row. All that is started belongs to a lab, which ends it whatever happens.
 */
import { spawn } from 'node:child_process';
import type { Brand } from '../../src/prove/brand.ts';
import { childrenOf, holdingsOf, isAlive, listenInodes } from '../../src/prove/process-view.ts';
import type { ProxyRun } from '../../src/prove/proxy-run.ts';
import { askSocket, waitFor } from '../../src/prove/runtime-talk.ts';
import { type Move, runStorm } from '../../src/prove/storm.ts';
import { HeldClients } from '../../test/process/held-clients.ts';
import { Lab, type LabPlan } from '../../test/process/storm-lab.ts';
import { generationsNote, type Row, rowOf, type Size } from './rows.ts';

export type Scenario = (brand: Brand, size: Size) => Promise<Row>;

const SETTLED_WITHIN_MS = 60_000;
const GONE_WITHIN_MS = 60_000;

async function inLab<T>(brand: Brand, plan: LabPlan, act: (lab: Lab) => Promise<T>): Promise<T> {
  const lab = await Lab.open(brand, plan);
  try {
    return await act(lab);
  } finally {
    await lab.end();
  }
}

/** Waits until old workers are gone and, where there is one, a spare has come: nothing goes on by itself then. */
async function rest(run: ProxyRun): Promise<void> {
  let before = -1;
  await waitFor(async () => {
    const view = await run.view();
    const now = childrenOf(run.pid).length;
    const isQuiet = view?.oldWorkers.length === 0 && now === before;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 700)); // a standby is made after reloads have rested
    return isQuiet ? true : undefined;
  }, SETTLED_WITHIN_MS);
}

function storm(name: string, move: Move, isPaced: boolean): Scenario {
  return (brand, size) =>
    inLab(brand, {}, async (lab) => {
      const run = await lab.start(move === 'reload' ? 'master' : 'single');
      const load = lab.load(undefined, { requestsMax: size.requests });
      const result = await runStorm(run, load, {
        move,
        everyMs: 100,
        moves: size.generations,
        untilLoadEnds: size.requests > 0,
        isPaced,
        secondsMax: size.secondsMax,
      });
      return rowOf(name, brand.name, brand.version, result.tallies, [generationsNote(result)]);
    });
}

/** How long from the signal until the new worker serves; spares are given the time to come to be. */
const reloadTime: Scenario = (brand, size) =>
  inLab(brand, {}, async (lab) => {
    const run = await lab.start();
    const tookMs: number[] = [];
    for (let i = 0; i < size.samples; i++) {
      await rest(run);
      const ms = await run.reload();
      if (ms !== undefined) tookMs.push(ms);
    }
    tookMs.sort((a, b) => a - b);
    const at = (share: number) => Math.round(tookMs[Math.floor((tookMs.length - 1) * share)] ?? -1);
    const note = `signal to serving: median ${at(0.5)} ms, slowest ${at(1)} ms of ${tookMs.length}`;
    return rowOf('reload-time', brand.name, brand.version, [], [note]);
  });

/** Idle clients over one reload: who keeps a connection, and when the old worker is gone. */
const held: Scenario = (brand, size) =>
  inLab(brand, {}, async (lab) => {
    const run = await lab.start();
    await rest(run);
    const clients = await HeldClients.open(lab.ports, size.held);
    const before = await clients.callRoll();
    const old = [...before.pids.keys()];
    const beganMs = performance.now();
    await run.reload();
    const gone = await waitFor(
      () => (old.some(isAlive) ? undefined : performance.now() - beganMs),
      GONE_WITHIN_MS,
    );
    const after = await clients.callRoll();
    clients.close();
    const left =
      gone === undefined ? `not within ${GONE_WITHIN_MS / 1000} s` : `after ${Math.round(gone)} ms`;
    const moved = [...after.pids]
      .filter(([pid]) => !old.includes(pid))
      .reduce((sum, [, count]) => sum + count, 0);
    return rowOf(
      'held',
      brand.name,
      brand.version,
      [],
      [
        `${before.answered} idle clients; old worker gone ${left}`,
        `${after.ended} connections closed, ${moved} answered by the new worker on the connection they had`,
      ],
    );
  });

/** A master that ends with its worker is started again at once, as a service manager does. */
async function endsWithWorker(run: ProxyRun): Promise<boolean> {
  const answer = await waitFor(async () => {
    if (!run.isAlive()) return 'ended';
    return ((await run.view())?.workers ?? []).length > 0 ? 'serves' : undefined;
  }, GONE_WITHIN_MS);
  return answer === 'ended' || !run.isAlive();
}

/** Milliseconds from now until a process that is not among <gone> answers a connection of its own. */
async function nextAnswerMs(port: number, gone: readonly number[]): Promise<number> {
  const beganMs = performance.now();
  const sinceMs = () => performance.now() - beganMs;
  while (sinceMs() < GONE_WITHIN_MS) {
    const client = await HeldClients.open([port], 1).catch(() => undefined);
    const pids = [...((await client?.callRoll())?.pids.keys() ?? [])];
    client?.close();
    if (pids.some((pid) => !gone.includes(pid))) break;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return sinceMs();
}

function answersNote(tookMs: number[]): string {
  tookMs.sort((a, b) => a - b);
  const all = tookMs.map((ms) => Math.round(ms)).join(', ');
  return `the next answer came after ${all} ms`;
}

/** Ends workers that serve. */
type Kill = (workers: readonly number[], run: ProxyRun) => unknown;

const bySignal =
  (signal: NodeJS.Signals): Kill =>
  (workers) => {
    for (const worker of workers) process.kill(worker, signal);
  };

/** An exception that nobody catches; in HAProxy an abort. */
const byPanic: Kill = (_workers, run) => askSocket(run.statsSocket, 'expert-mode on; debug dev panic');

/** Something that kills the worker under load, again and again, with idle clients beside. */
function crash(name: string, kill: Kill): Scenario {
  return (brand, size) =>
    inLab(brand, { threads: 1 }, async (lab) => {
      const run = await lab.start();
      await rest(run);
      const idle = await HeldClients.open(lab.ports, 100);
      await idle.callRoll();
      const load = lab.load();
      let starts = 0;
      const answeredMs: number[] = [];
      for (let kills = 0; kills < size.kills; kills++) {
        await rest(run);
        const workers = (await run.view())?.workers ?? [];
        void kill(workers, run);
        const answer = nextAnswerMs(lab.ports[0] as number, workers);
        await waitFor(() => (workers.some(isAlive) ? undefined : true), GONE_WITHIN_MS);
        if (await endsWithWorker(run)) {
          starts++;
          await run.restart();
        }
        answeredMs.push(await answer);
      }
      await rest(run);
      const tallies = await load.stop();
      const after = await idle.callRoll();
      idle.close();
      const end =
        starts > 0 ? `; its master ended with its worker and was started again ${starts} times` : '';
      return rowOf(name, brand.name, brand.version, tallies, [
        `${size.kills} kills${end}; of 100 idle connections ${after.answered} survived all of them`,
        answersNote(answeredMs),
      ]);
    });
}

const listeners: Scenario = (brand, size) =>
  inLab(brand, { listeners: size.listeners }, async (lab) => {
    const run = await lab.start();
    const before = JSON.stringify(listenInodes(lab.ports));
    let reloads = 0;
    for (; reloads < 5; reloads++) if ((await run.reload()) === undefined) break;
    await rest(run);
    const isSame = before === JSON.stringify(listenInodes(lab.ports));
    const note = `${size.listeners} listeners, ${reloads} reloads: ${isSame ? 'the same sockets' : 'other sockets'}`;
    return rowOf('listeners', brand.name, brand.version, [], [note]);
  });

/** What `ab` says of failed requests. */
function runAb(
  words: readonly string[],
  boundMs: number,
): Promise<{ complete: number; failed: number; said: string }> {
  return new Promise((resolve) => {
    const child = spawn('ab', words, { stdio: ['ignore', 'pipe', 'pipe'], timeout: boundMs });
    let said = '';
    child.stdout.on('data', (bytes) => (said += bytes));
    child.stderr.on('data', (bytes) => (said += bytes));
    child.on('error', () => resolve({ complete: 0, failed: -1, said: 'ab is not installed' }));
    child.on('close', () => {
      const number = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(said)?.[1] ?? -1);
      resolve({ complete: number('Complete requests'), failed: number('Failed requests'), said });
    });
  });
}

/** The field reports' own loops: `ab -r` over and over while the proxy reloads once a second. */
function ab(
  name: string,
  words: readonly string[],
  requests: (size: Size) => number,
  loops: number,
): Scenario {
  return (brand, size) =>
    inLab(brand, {}, async (lab) => {
      const run = await lab.start();
      let isOver = false;
      let reloads = 0;
      const reloading = (async () => {
        while (!isOver) {
          if ((await run.reload()) !== undefined) reloads++;
          await new Promise((resolve) => setTimeout(resolve, 1000));
        }
      })();
      let complete = 0;
      let failed = 0;
      for (let i = 0; i < loops; i++) {
        const url = `http://127.0.0.1:${lab.ports[0]}/octets/128`;
        const result = await runAb([...words, '-n', String(requests(size)), url], size.secondsMax * 1000);
        complete += Math.max(0, result.complete);
        failed += result.failed;
      }
      isOver = true;
      await reloading;
      const note = `ab ${words.join(' ')} -n ${requests(size)}, ${loops} times: ${failed} failed of ${complete}, ${reloads} reloads`;
      return { ...rowOf(name, brand.name, brand.version, [], [note]), requests: complete, failed };
    });
}

/** One reload after the other for long, every <everyMs>: what the processes hold before and after. */
export function endurance(reloads: number, everyMs: number): Scenario {
  return (brand) =>
    inLab(brand, {}, async (lab) => {
      const run = await lab.start();
      // The first reloads fill caches of the allocator and of the kernel: they belong to both sides.
      for (let i = 0; i < Math.min(20, reloads); i++) await run.reload();
      await rest(run);
      const before = holdingsOf(run.pid);
      const load = lab.load(undefined, {});
      let done = 0;
      const beganMs = performance.now();
      for (; done < reloads; done++) {
        const nextMs = performance.now() + everyMs;
        if ((await run.reload()) === undefined) break;
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, nextMs - performance.now())));
      }
      const seconds = Math.round((performance.now() - beganMs) / 1000);
      const tallies = await load.stop();
      await rest(run);
      // Idle connections to servers outlive the load by their purge delay.
      const isAsBefore = () => (holdingsOf(run.pid).descriptors <= before.descriptors ? true : undefined);
      await waitFor(isAsBefore, SETTLED_WITHIN_MS);
      const after = holdingsOf(run.pid);
      const say = (what: keyof typeof before) => `${what} ${before[what]} -> ${after[what]}`;
      return rowOf('endurance', brand.name, brand.version, tallies, [
        `${done} reloads in ${seconds} s: ${say('processes')}, ${say('descriptors')}, ${say('residentKb')}`,
      ]);
    });
}

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'reload-paced': storm('reload-paced', 'reload', true),
  'reload-signals': storm('reload-signals', 'reload', false),
  transfer: storm('transfer', 'transfer', true),
  'ab-20': ab('ab-20', ['-r', '-c', '20'], (size) => size.abRequests, 1),
  'ab-10': ab('ab-10', ['-r', '-c', '10'], (size) => Math.min(2000, size.abRequests), 10),
  'ab-keep-alive': ab('ab-keep-alive', ['-r', '-k', '-c', '20'], (size) => size.abRequests, 1),
  held,
  'crash-segv': crash('crash-segv', bySignal('SIGSEGV')),
  'crash-exception': crash('crash-exception', byPanic),
  'crash-kill': crash('crash-kill', bySignal('SIGKILL')),
  'reload-time': reloadTime,
  listeners,
};

/** Why <brand> cannot be asked this, or ''. */
export function lacks(brand: Brand, scenario: string): string {
  if (brand.family === 'nginx' && scenario === 'transfer') return 'nginx has no -x';
  if (brand.family === 'nginx' && scenario === 'crash-exception') return 'nginx cannot be asked to panic';
  return '';
}
