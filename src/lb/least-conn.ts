/** Hot path. `balance leastconn`: the server with the fewest requests (served and queued) for its weight. Among equals the one after
 * the last choice, so that idle servers take turns. A scan, not a tree: the counts move with every request of every thread,
 * and reading 100 servers costs less than keeping a shared tree in order.
 */
import type { Server } from '../model/server.ts';
import type { Stream } from '../model/stream.ts';
import * as abi from '../native/abi.ts';
import type { Balancer, ServerGroup } from './server-group.ts';

export class LeastConn implements Balancer {
  readonly group: ServerGroup;
  readonly isDeterministic = false;
  private readonly position: number;

  constructor(group: ServerGroup) {
    this.group = group;
    this.position = group.live.proxy(group.proxy.index) + abi.LIVE_PX_POSITION;
  }

  next(_stream: Stream, avoid: Server | undefined): Server | undefined {
    const group = this.group;
    group.refresh();
    const { servers, weights, live } = group;
    const count = servers.length;
    if (count === 0) return undefined;
    const start = (Atomics.load(live.words, this.position) >>> 0) % count;
    let best = -1;
    let bestLoad = 0;
    for (let step = 0; step < count; step++) {
      const index = start + step < count ? start + step : start + step - count;
      const server = servers[index] as Server;
      if (server === avoid && count > 1) continue;
      if (!group.hasRoom(server)) continue;
      const at = live.server(server.index);
      const words = live.words;
      const requests =
        (words[at + abi.LIVE_SV_SERVED] as number) + (words[at + abi.LIVE_SV_QUEUED] as number);
      const load = requests / (weights[index] as number);
      if (best < 0 || load < bestLoad) {
        best = index;
        bestLoad = load;
      }
    }
    if (best < 0) return undefined;
    Atomics.store(live.words, this.position, best + 1);
    return servers[best];
  }
}
