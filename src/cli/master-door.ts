/** What the master's runtime API needs of the master: given by src/process/master, so that the conversation itself knows no process.
 */
import type { Level } from './command.ts';

/** A process as `show proc` lists it. */
export interface ProcessRow {
  readonly pid: number;
  /** Reloads tried since it was started; 0 = it is the current one. */
  readonly reloads: number;
  readonly startedMs: number;
  readonly version: string;
  readonly isOld: boolean;
  /** Why an old one is still there, a line each. */
  readonly notes: readonly string[];
  /** Descriptors of its channel, for `show proc debug`. */
  readonly descriptors: readonly [number, number];
}

/** A connection to a worker's runtime API. */
export interface WorkerPipe {
  send(text: string): void;
  /** Nothing more is sent; the answers still come. */
  end(): void;
  /** Stops or goes on reading. */
  hold(isHeld: boolean): void;
  onText(take: (text: string) => void): void;
  onEnd(take: () => void): void;
  destroy(): void;
}

export interface ReloadOutcome {
  readonly isDone: boolean;
  /** What was said at the start of the new worker. */
  readonly log: string;
}

export interface MasterDoor {
  readonly version: string;
  readonly pid: number;
  readonly startedMs: number;
  readonly descriptors: readonly [number, number];
  /** Reloads tried, and those that failed since the last good one. */
  reloads(): { readonly tried: number; readonly failed: number };
  workers(): readonly ProcessRow[];
  /** Who waits and what happened, a line each. */
  remarks(): readonly string[];
  environment(): readonly (readonly [name: string, value: string])[];
  startupLog(): string;
  /** The last outcome, for `_loadstatus`. */
  lastOutcome(): ReloadOutcome;
  /** A new client of <pid>'s runtime API; undefined when it cannot be had. */
  connect(pid: number, level: Level): WorkerPipe | undefined;
  /** Resolves when the new worker serves, or will not. */
  reload(isHard: boolean): Promise<ReloadOutcome>;
}
