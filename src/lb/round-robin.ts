/** Hot path. `balance roundrobin` and `static-rr`: one shared position for all threads, taken by an atomic add, looks up an order that
 * each thread computes alike from the weights. So any run of requests, however the threads share it, is served in one
 * order (turn-order.ts), and after each round every server has had exactly its weight. Full servers are passed over.
 */

import type { Server } from '../model/server.ts';
import type { Stream } from '../model/stream.ts';
import * as abi from '../native/abi.ts';
import type { Balancer, ServerGroup } from './server-group.ts';
import { mapOrder, turnOrder } from './turn-order.ts';

export class RoundRobin implements Balancer {
  readonly group: ServerGroup;
  readonly isDeterministic = false;
  private readonly position: number;
  private readonly orderOf: (weights: readonly number[]) => Int32Array;
  private order: Int32Array = new Int32Array(0);

  /** <isStatic>: `static-rr`, whose order is HAProxy's map. */
  constructor(group: ServerGroup, isStatic = false) {
    this.orderOf = isStatic ? mapOrder : turnOrder;
    this.group = group;
    this.position = group.live.proxy(group.proxy.index) + abi.LIVE_PX_POSITION;
  }

  /** Computes the order for the group as it is now. */
  rebuild(): void {
    this.order = this.orderOf(this.group.weights);
  }

  next(_stream: Stream, avoid: Server | undefined): Server | undefined {
    const group = this.group;
    if (group.refresh()) this.rebuild();
    const length = this.order.length;
    let fallback: Server | undefined;
    for (let tries = 0; tries < length; tries++) {
      const position = Atomics.add(group.live.words, this.position, 1) >>> 0;
      const server = group.servers[this.order[position % length] as number] as Server;
      if (!group.hasRoom(server)) continue;
      if (server !== avoid) return server;
      fallback = server;
    }
    return fallback;
  }
}
