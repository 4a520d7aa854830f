/** Hot path. When the keys of a server on the ring go on to the next point: `hash-preserve-affinity` says whether a full server keeps
 * them, `hash-balance-factor` that none may have more than so many percent of its share of the load.
 */
import type { Server } from '../model/server.ts';
import * as abi from '../native/abi.ts';
import type { ServerGroup } from './server-group.ts';

export type Affinity = 'always' | 'maxconn' | 'maxqueue';

export class RingLimits {
  private readonly affinity: Affinity;
  /** Percent; 0 = no limit. */
  private readonly balanceFactor: number;

  constructor(affinity: Affinity, balanceFactor: number) {
    this.affinity = affinity;
    this.balanceFactor = balanceFactor;
  }

  allows(group: ServerGroup, index: number): boolean {
    const server = group.servers[index] as Server;
    const { words } = group.live;
    const at = group.live.server(server.index);
    const served = words[at + abi.LIVE_SV_SERVED] as number;
    if (this.balanceFactor > 0 && served >= this.share(group, index)) return false;
    if (this.affinity === 'always' || (words[at + abi.LIVE_SV_MAXCONN] as number) === 0) return true;
    if (this.affinity === 'maxconn') return served < group.dynamicMaxconn(server);
    if (server.maxqueue === 0) return true;
    return (
      served + (words[at + abi.LIVE_SV_QUEUED] as number) < group.dynamicMaxconn(server) + server.maxqueue
    );
  }

  /** Requests that server <index> may have at once: the factor times the load with this request, by weight, at least one. */
  private share(group: ServerGroup, index: number): number {
    const { servers, weights, live, totalWeight } = group;
    let load = 1;
    let before = 0;
    for (let i = 0; i < servers.length; i++) {
      load += live.words[live.server((servers[i] as Server).index) + abi.LIVE_SV_SERVED] as number;
      if (i < index) before += weights[i] as number;
    }
    const slots = Math.ceil((load * this.balanceFactor) / 100);
    const each = Math.floor(slots / totalWeight);
    const rest = slots % totalWeight;
    const weight = weights[index] as number;
    const upTo =
      Math.floor(((before + weight) * rest) / totalWeight) - Math.floor((before * rest) / totalWeight);
    return Math.max(weight * each + upTo, 1);
  }
}
