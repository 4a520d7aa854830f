/** Questions to a runtime API or to a master's, one connection each, with a bound. State: none. */
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

const ANSWER_WITHIN_MS = 5_000;
const ANSWER_MAX_CHARS = 4 << 20;
const LOOK_EVERY_MS = 5;

/** What <path> answers to <line>; undefined when nobody listens there or the answer does not end. */
export function askSocket(
  path: string,
  line: string,
  boundMs = ANSWER_WITHIN_MS,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect({ path });
    const timer = setTimeout(() => over(undefined), boundMs);
    const over = (answer: string | undefined) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      if (text.length > ANSWER_MAX_CHARS) over(undefined);
    });
    socket.on('error', () => over(undefined));
    socket.on('end', () => over(text));
    socket.end(`${line}\n`);
  });
}

/** The process that answers at a runtime API socket; undefined when none does. */
export async function pidAt(path: string): Promise<number | undefined> {
  const answer = await askSocket(path, 'show info');
  const pid = /^Pid:\s*(\d+)/m.exec(answer ?? '')?.[1];
  return pid === undefined ? undefined : Number(pid);
}

/** What a master says of its processes. */
export interface MasterView {
  readonly pid: number;
  /** Reloads that brought a new worker. */
  readonly completed: number;
  readonly failed: number;
  readonly workers: readonly number[];
  readonly oldWorkers: readonly number[];
}

/** Reads `show proc`: a row for the master, then workers, then old workers under a heading each. */
export function readShowProc(text: string): MasterView | undefined {
  let heading = '';
  let master: RegExpExecArray | null = null;
  const workers: number[] = [];
  const oldWorkers: number[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('#')) heading = line;
    else if (/^\d+\s+master\b/.test(line))
      master = /^(\d+)\s+master\s+(\d+)(?:\s+\[failed:\s*(\d+)\])?/.exec(line);
    else if (/^\d+\s+worker\b/.test(line)) {
      const pid = Number.parseInt(line, 10);
      (heading.startsWith('# old') ? oldWorkers : workers).push(pid);
    }
  }
  if (master === null) return undefined;
  const reloads = Number(master[2]);
  const failed = Number(master[3] ?? 0);
  return { pid: Number(master[1]), completed: Math.max(0, reloads - failed), failed, workers, oldWorkers };
}

export async function masterView(path: string): Promise<MasterView | undefined> {
  const answer = await askSocket(path, 'show proc');
  return answer === undefined ? undefined : readShowProc(answer);
}

/** Waits until <condition> gives something; undefined after <boundMs>. */
export async function waitFor<T>(
  condition: () => Promise<T | undefined> | T | undefined,
  boundMs: number,
): Promise<T | undefined> {
  const limitMs = performance.now() + boundMs;
  for (;;) {
    const value = await condition();
    if (value !== undefined) return value;
    if (performance.now() > limitMs) return undefined;
    await pause(LOOK_EVERY_MS);
  }
}
