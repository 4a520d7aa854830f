/** Hot path. Where the counters of model/counters.ts lie: one slice of records per data thread in one SharedArrayBuffer. A thread
 * writes its own slice only; `readCounter` is for the main thread, which may read a value while it is being written (a
 * double is read whole, so the worst is a count that is one event old).
 */
import type { Counter } from './counters.ts';
import { COUNTER_WORDS, MEAN_WINDOW } from './counters.ts';

export interface CounterLayout {
  readonly proxies: number;
  readonly servers: number;
  readonly listeners: number;
  readonly threads: number;
}

function recordsOf(layout: CounterLayout): number {
  return layout.proxies * 2 + layout.servers + layout.listeners;
}

/** Zeros for every record of every thread. */
export function createCounterMemory(layout: CounterLayout): SharedArrayBuffer {
  return new SharedArrayBuffer(
    recordsOf(layout) * layout.threads * COUNTER_WORDS * Float64Array.BYTES_PER_ELEMENT,
  );
}

/** Word offsets of the records, the same in every slice. */
export function frontendRecord(proxy: number): number {
  return proxy * 2 * COUNTER_WORDS;
}
export function backendRecord(proxy: number): number {
  return (proxy * 2 + 1) * COUNTER_WORDS;
}
export function serverRecord(layout: CounterLayout, server: number): number {
  return (layout.proxies * 2 + server) * COUNTER_WORDS;
}
export function listenerRecord(layout: CounterLayout, listener: number): number {
  return (layout.proxies * 2 + layout.servers + listener) * COUNTER_WORDS;
}

/** The slice that thread <thread> writes. */
export function counterSlice(memory: SharedArrayBuffer, layout: CounterLayout, thread: number): Float64Array {
  const words = recordsOf(layout) * COUNTER_WORDS;
  return new Float64Array(memory, thread * words * Float64Array.BYTES_PER_ELEMENT, words);
}

/** Counts one event in a rate (and its maximum in one second, <maxAt>; -1 = none). */
export function countRate(slice: Float64Array, at: number, maxAt: number, nowMs: number): void {
  const second = Math.floor(nowMs / 1000);
  const known = slice[at] as number;
  if (known !== second) {
    slice[at + 2] = second === known + 1 ? (slice[at + 1] as number) : 0;
    slice[at + 1] = 0;
    slice[at] = second;
  }
  const count = (slice[at + 1] as number) + 1;
  slice[at + 1] = count;
  if (maxAt >= 0 && count > (slice[maxAt] as number)) slice[maxAt] = count;
}

/** Adds a value to a sliding mean: the sum forgets 1/MEAN_WINDOW of itself each time. */
export function countMean(slice: Float64Array, at: number, value: number): void {
  const sum = slice[at] as number;
  slice[at] = sum - sum / MEAN_WINDOW + value;
}

/** Keeps the larger of <value> and what is there. */
export function countMax(slice: Float64Array, at: number, value: number): void {
  if (value > (slice[at] as number)) slice[at] = value;
}

/** Events per second around <nowMs>: what is left of the second before, and what is known of this one. */
function rateNow(slice: Float64Array, at: number, nowMs: number): number {
  const second = Math.floor(nowMs / 1000);
  const known = slice[at] as number;
  const part = (nowMs % 1000) / 1000;
  if (known === second) return (slice[at + 1] as number) + (slice[at + 2] as number) * (1 - part);
  return known === second - 1 ? (slice[at + 1] as number) * (1 - part) : 0;
}

/** The value over all threads of <counter> in the record at word <record>. `mean` is weighed by nothing: threads are alike. */
export function readCounter(
  memory: SharedArrayBuffer,
  layout: CounterLayout,
  record: number,
  counter: Counter,
  nowMs: number,
): number {
  let value = 0;
  let used = 0;
  for (let thread = 0; thread < layout.threads; thread++) {
    const slice = counterSlice(memory, layout, thread);
    const at = record + counter.at;
    const own = counter.kind === 'rate' ? rateNow(slice, at, nowMs) : (slice[at] as number);
    if (counter.kind === 'max' || counter.kind === 'clock') value = Math.max(value, own);
    else value += own;
    if (own !== 0) used++;
  }
  if (counter.kind === 'mean') return used === 0 ? 0 : Math.floor(value / used / MEAN_WINDOW);
  return counter.kind === 'rate' ? Math.floor(value) : value;
}
