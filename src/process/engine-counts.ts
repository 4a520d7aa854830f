/** What the engines count of themselves (drops, refusals, splices): each thread copies its own into its slice of shared memory now and
 * then, main sums them when somebody asks.
 */
import type { Addon } from '../native/addon.ts';

/** struct eng_counters of native/engine/eng.h, in its order. */
export const ENGINE_COUNTS = [
  'accepted',
  'adopted',
  'streams',
  'events',
  'commands',
  'batches',
  'staleEvents',
  'staleCommands',
  'badCommands',
  'unanswered',
  'connects',
  'reuses',
  'taken',
  'splicedBytes',
  'logLines',
  'logDrops',
  'acceptErrors',
  'poolRefused',
  'bytesIn',
  'bytesOut',
  'handedOver',
  'idlePurged',
  'movedOut',
  'movedIn',
  'moveRefused',
  'moveErrors',
] as const;

export type EngineCount = (typeof ENGINE_COUNTS)[number];

/** How often a thread copies its counts. */
const COPY_MS = 500;

/** A slice of doubles for each engine, one writer each. */
export function createEngineCounts(engines: number): SharedArrayBuffer {
  return new SharedArrayBuffer(engines * ENGINE_COUNTS.length * Float64Array.BYTES_PER_ELEMENT);
}

/** Begins to copy this thread's counts into slice <engine>. */
export function publishEngineCounts(addon: Addon, memory: SharedArrayBuffer, engine: number): void {
  const own = new Float64Array(ENGINE_COUNTS.length);
  const shared = new Float64Array(memory, engine * own.byteLength, own.length);
  const timer = setInterval(() => {
    try {
      addon.engineCounters(own);
    } catch {
      // The engine was destroyed: there is nothing to count any more.
      clearInterval(timer);
      return;
    }
    shared.set(own);
  }, COPY_MS);
  timer.unref();
}

/** Over all engines. */
export function sumEngineCount(memory: SharedArrayBuffer, name: EngineCount): number {
  const words = new Float64Array(memory);
  let sum = 0;
  for (let at = ENGINE_COUNTS.indexOf(name); at < words.length; at += ENGINE_COUNTS.length) {
    sum += words[at] as number;
  }
  return sum;
}
