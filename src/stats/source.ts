/** What the statistics are made of: memory shared with the data threads, the control plane's knowledge of servers, facts about the
 * process. Given to the views; nothing here is changed by them.
 */
import type { ServerStates } from '../check/server-state.ts';
import type { Configuration } from '../model/configuration.ts';
import type { CounterLayout } from '../model/counter-slices.ts';
import type { Live } from '../model/live.ts';
import type { RuntimeChanges } from './changes.ts';

/** Facts about the process for `show info`. */
export interface ProcessFacts {
  readonly threads: number;
  readonly startedMs: number;
  bootMs(): number;
  readonly maxconn: number;
  readonly maxsock: number;
  readonly ulimitN: number;
  readonly shownHost: string;
  readonly description: string;
  readonly version: string;
  readonly releaseDate: string;
  /** Bytes of buffers in use, and their cap. */
  poolUsage(): { usedBytes: number; maxBytes: number };
  /** Log lines that no target took. */
  droppedLogs(): number;
  splicedBytes(): number;
  /** Client connections that came from, and went to, another worker, and those that came and could not be used. */
  connectionsMoved(): { readonly in: number; readonly out: number; readonly refused: number };
  /** Buffers that the pool's cap refused. */
  refusedBuffers(): number;
  /** Streams since the start. */
  streams(): number;
  /** Warnings said so far. */
  warnings(): number;
  listeners(): number;
  /** 0 to 100. */
  idlePercent(): number;
}

/** What the master knows and told: zeros without one. */
export interface ProcessHistory {
  /** Which worker this is, the first one is 1. */
  generation: number;
  reloads: number;
  failedReloads: number;
  /** Workers that died unasked. */
  crashes: number;
  /** Of these: in the last 15 minutes; in the encoder; by proxy, as `<name>=<count> …`, in the last 15 minutes. */
  crashesLately: number;
  encoderCrashes: number;
  crashesByProxy: string;
  lastCrash:
    | { readonly timeSec: number; readonly signal: string; readonly proxy: string; readonly text: string }
    | undefined;
  /** Workers that are still there though their successor serves, and the requests they have answered since. */
  staleWorkers: number;
  staleRequests: number;
}

export function newHistory(): ProcessHistory {
  const crashes = {
    ...{ crashes: 0, crashesLately: 0, encoderCrashes: 0 },
    ...{ crashesByProxy: '', lastCrash: undefined },
  };
  return { generation: 0, reloads: 0, failedReloads: 0, ...crashes, staleWorkers: 0, staleRequests: 0 };
}

export interface StatsSource {
  readonly configuration: Configuration;
  readonly live: Live;
  readonly counters: SharedArrayBuffer;
  readonly layout: CounterLayout;
  readonly states: ServerStates;
  readonly rates: ProcessRates;
  readonly history: ProcessHistory;
  /** What the runtime API did. */
  readonly changed: RuntimeChanges;
  readonly facts: ProcessFacts;
  /** Monotonic ms, the clock of the engines. */
  nowMs(): number;
}

/** What the accounting loop of main measures once a second. */
export interface ProcessRates {
  connPerSecond: number;
  connPerSecondMax: number;
  requestsPerSecond: number;
  bytesOutPerSecond: number;
  compressedInPerSecond: number;
  compressedOutPerSecond: number;
  /** Most connections each listener, most requests each backend was seen with at once; by index. */
  readonly listenerMax: number[];
  readonly backendMax: number[];
}

export function newRates(): ProcessRates {
  return {
    connPerSecond: 0,
    connPerSecondMax: 0,
    requestsPerSecond: 0,
    bytesOutPerSecond: 0,
    compressedInPerSecond: 0,
    compressedOutPerSecond: 0,
    listenerMax: [],
    backendMax: [],
  };
}
