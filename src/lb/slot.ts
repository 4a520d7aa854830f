/** Hot path. Server slots: LIVE_SV_SERVED counts the requests a server is serving, over all threads. A slot is taken here by compare
 * and swap, given back by the engine when the server side of the stream ends (or hands it to the first in the queue).
 */
import type { Server } from '../model/server.ts';
import * as abi from '../native/abi.ts';
import type { ServerGroup } from './server-group.ts';

/** Takes a slot of <server>; false when it is full or others wait for it. */
export function takeSlot(group: ServerGroup, server: Server): boolean {
  const words = group.live.words;
  const at = group.live.server(server.index);
  if ((words[at + abi.LIVE_SV_MAXCONN] as number) === 0) {
    noteMax(words, at, Atomics.add(words, at + abi.LIVE_SV_SERVED, 1) + 1);
    return true;
  }
  if (Atomics.load(words, at + abi.LIVE_SV_QUEUED) > 0) return false;
  let served = Atomics.load(words, at + abi.LIVE_SV_SERVED);
  while (served < group.dynamicMaxconn(server)) {
    const before = Atomics.compareExchange(words, at + abi.LIVE_SV_SERVED, served, served + 1);
    if (before === served) {
      noteMax(words, at, served + 1);
      return true;
    }
    served = before;
  }
  return false;
}

/** A race between two threads may lose one update of the maximum: it is a figure for people. */
function noteMax(words: Int32Array, at: number, served: number): void {
  if (served > (words[at + abi.LIVE_SV_SERVED_MAX] as number)) words[at + abi.LIVE_SV_SERVED_MAX] = served;
}
