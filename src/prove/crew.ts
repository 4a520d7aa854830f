/**
 * Threads beside the main one: an origin and a load each have their own event loop, so that neither waits for the
 * other, nor for the commands that restart a proxy. Started from the program's bundle, which begins in `crewMember` when it finds
 * its role. The main thread owns them and ends them.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Load, type LoadPlan } from './load.ts';
import { type Origin, startOrigin } from './origin.ts';
import type { Tally } from './tally.ts';

const START_WITHIN_MS = 60_000;

type Role =
  | { readonly role: 'origin'; readonly count: number }
  | { readonly role: 'load'; readonly plan: LoadPlan };
type Answer =
  | { readonly ports: readonly number[] }
  | { readonly tallies: readonly Tally[] }
  | { readonly ended: readonly Tally[] }
  | { readonly error: string };

/** What this thread is for; false on the main thread. */
export function crewMember(): boolean {
  const role = workerData as Role | null;
  if (isMainThread || parentPort === null || role === null) return false;
  const port = parentPort;
  const say = (answer: Answer) => port.postMessage(answer);
  const run = role.role === 'origin' ? serve(role.count, say) : load(role.plan, say);
  run.catch((error: unknown) => say({ error: String(error) }));
  return true;
}

async function serve(count: number, say: (answer: Answer) => void): Promise<void> {
  const origins: Origin[] = [];
  for (let i = 0; i < count; i++) origins.push(await startOrigin());
  say({ ports: origins.map((origin) => origin.port) });
}

async function load(plan: LoadPlan, say: (answer: Answer) => void): Promise<void> {
  const running = new Load(plan);
  parentPort?.on('message', (word: 'look' | 'stop') => {
    if (word === 'look') say({ tallies: running.tallies });
    else void running.stop();
  });
  await running.ended;
  say({ ended: running.tallies });
}

/** Origins in a thread of their own. */
export interface OriginThread {
  readonly ports: readonly number[];
  end(): Promise<void>;
}

/** A load in a thread of its own. */
export interface LoadThread {
  /** The tallies as they are now. */
  look(): Promise<readonly Tally[]>;
  /** Resolves when the load has ended by itself or was stopped. */
  readonly ended: Promise<readonly Tally[]>;
  stop(): Promise<readonly Tally[]>;
}

/** <program>: the bundle that calls crewMember(). */
function hire(program: string, role: Role): Worker {
  return new Worker(program, { workerData: role, argv: [], stdin: false });
}

function first<T>(worker: Worker, pick: (answer: Answer) => T | undefined, boundMs = 0): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer =
      boundMs > 0
        ? setTimeout(() => over(() => reject(new Error('a thread does not answer'))), boundMs)
        : undefined;
    const over = (act: () => void) => {
      clearTimeout(timer);
      worker.off('message', heard).off('error', failed).off('exit', gone);
      act();
    };
    const failed = (error: Error) => over(() => reject(error));
    const gone = () => over(() => reject(new Error('a thread ended before its work was done')));
    const heard = (answer: Answer) => {
      if ('error' in answer) return failed(new Error(answer.error));
      const picked = pick(answer);
      if (picked !== undefined) over(() => resolve(picked));
    };
    worker.on('message', heard).on('error', failed).on('exit', gone);
  });
}

export async function startOrigins(program: string, count: number): Promise<OriginThread> {
  const worker = hire(program, { role: 'origin', count });
  const ports = await first(
    worker,
    (answer) => ('ports' in answer ? answer.ports : undefined),
    START_WITHIN_MS,
  );
  const end = async () => {
    await worker.terminate();
  };
  return { ports, end };
}

export function startLoad(program: string, plan: LoadPlan): LoadThread {
  const worker = hire(program, { role: 'load', plan });
  const ended = first(worker, (answer) => ('ended' in answer ? answer.ended : undefined)).finally(
    () => void worker.terminate(),
  );
  ended.catch(() => undefined); // who waits for it hears of it
  return {
    ended,
    look: () => {
      const seen = first(worker, (answer) => ('tallies' in answer ? answer.tallies : undefined));
      worker.postMessage('look');
      return Promise.race([seen, ended]);
    },
    stop: () => {
      worker.postMessage('stop');
      return ended;
    },
  };
}
