/** Hot path. Where things lie in the live array: Int32 words shared by all threads and the engine, one record of LIVE_WORDS (a cache
 * line) for the process, then one for each proxy, server and listener in index order.
 */
import * as abi from '../native/abi.ts';

export interface LiveCounts {
  readonly proxies: number;
  readonly servers: number;
  readonly listeners: number;
}

export class Live {
  readonly words: Int32Array;
  private readonly serverBase: number;
  private readonly listenerBase: number;

  constructor(words: Int32Array, counts: LiveCounts) {
    this.words = words;
    this.serverBase = 1 + counts.proxies;
    this.listenerBase = 1 + counts.proxies + counts.servers;
  }

  /** Word offset of a record. */
  proxy(index: number): number {
    return (1 + index) * abi.LIVE_WORDS;
  }
  server(index: number): number {
    return (this.serverBase + index) * abi.LIVE_WORDS;
  }
  listener(index: number): number {
    return (this.listenerBase + index) * abi.LIVE_WORDS;
  }
}

/** Zeros: one record of the process, then one each for proxies, servers, listeners. */
export function createLiveMemory(counts: LiveCounts): SharedArrayBuffer {
  const records = 1 + counts.proxies + counts.servers + counts.listeners;
  return new SharedArrayBuffer(records * abi.LIVE_WORDS * Int32Array.BYTES_PER_ELEMENT);
}
