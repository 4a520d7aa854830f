/**
 * One storm: a proxy under load is moved again and again until it has moved often enough, then the load is ended and its
 * tallies are the result. Whoever calls owns proxy and load; the storm bounds its own time.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { LoadThread } from './crew.ts';
import type { ProxyRun } from './proxy-run.ts';
import type { Tally } from './tally.ts';

/** `still`: nothing is moved. `overlap`: -sf without -x. `transfer`: -x and -sf. `reload`: the signal to the master. */
export type Move = 'still' | 'restart' | 'overlap' | 'reload' | 'transfer';

export interface StormPlan {
  readonly move: Move;
  /** From one move to the next; a move that takes longer delays the next, signals are not waited for. */
  readonly everyMs: number;
  /** Ends when so many have completed, the load has ended by itself, or the time is over. */
  readonly moves: number;
  readonly untilLoadEnds: boolean;
  /** Reloads are awaited, so that none begins before the one before has brought a worker that serves. */
  readonly isPaced: boolean;
  readonly secondsMax: number;
  /** Called about every 100 ms. */
  readonly progress?: (now: StormProgress) => void;
}

export interface StormProgress {
  readonly seconds: number;
  readonly completed: number;
  readonly tallies: readonly Tally[];
}

export interface StormResult {
  readonly move: Move;
  readonly asked: number;
  readonly completed: number;
  readonly failed: number;
  readonly tookMs: readonly number[];
  readonly seconds: number;
  readonly tallies: readonly Tally[];
}

const LOOK_EVERY_MS = 100;
/** Before the first move clients have settled, after the last one they have met it. */
const SETTLE_MS = 300;

interface Counts {
  asked: number;
  completed: number;
  failed: number;
  /** How long each awaited reload took until the new worker was there. */
  readonly tookMs: number[];
}

async function moveOnce(run: ProxyRun, { move, isPaced }: StormPlan, counts: Counts): Promise<void> {
  counts.asked++;
  if (move === 'reload') {
    if (!isPaced) return run.signalReload();
    const tookMs = await run.reload();
    if (tookMs !== undefined) counts.tookMs.push(tookMs);
    return;
  }
  if (move === 'restart') await run.restart();
  else if (move !== 'still') await run.replace(move === 'transfer');
  counts.completed++;
}

/** Moves until the plan is fulfilled; reloads are counted by the master itself. */
async function moveUntil(
  run: ProxyRun,
  plan: StormPlan,
  counts: Counts,
  isOver: () => boolean,
): Promise<void> {
  const before = plan.move === 'reload' ? await run.view() : undefined;
  let nextMs = performance.now();
  while (!isOver()) {
    const isAskedEnough = plan.move !== 'reload' && counts.asked >= plan.moves;
    if (isAskedEnough && !plan.untilLoadEnds) return;
    if (!isAskedEnough && performance.now() >= nextMs) {
      nextMs = Math.max(nextMs + plan.everyMs, performance.now());
      await moveOnce(run, plan, counts);
    }
    if (before !== undefined) {
      const now = await run.view();
      if (now !== undefined) {
        counts.completed = now.completed - before.completed;
        counts.failed = now.failed - before.failed;
      }
      if (counts.completed >= plan.moves && !plan.untilLoadEnds) return;
    }
    await pause(Math.min(LOOK_EVERY_MS, Math.max(1, nextMs - performance.now())));
  }
}

export async function runStorm(run: ProxyRun, load: LoadThread, plan: StormPlan): Promise<StormResult> {
  const beganMs = performance.now();
  const seconds = () => (performance.now() - beganMs) / 1000;
  const counts: Counts = { asked: 0, completed: 0, failed: 0, tookMs: [] };
  let isLoadOver = false;
  load.ended.then(
    () => (isLoadOver = true),
    () => (isLoadOver = true),
  );
  const { progress } = plan;
  let isLooking = false;
  const look = async () => {
    if (!progress || isLooking) return;
    isLooking = true;
    const tallies = await load.look();
    isLooking = false;
    progress({ seconds: seconds(), completed: counts.completed, tallies });
  };
  const ticker = setInterval(() => void look().catch(() => undefined), LOOK_EVERY_MS);
  try {
    await pause(SETTLE_MS);
    await moveUntil(run, plan, counts, () => isLoadOver || seconds() >= plan.secondsMax);
    await pause(SETTLE_MS);
    const tallies = await load.stop();
    return { move: plan.move, ...counts, seconds: seconds(), tallies };
  } finally {
    clearInterval(ticker);
  }
}
