/** Hot path. `balance roundrobin` and `static-rr`: one shared position for all threads, taken by an atomic add, looks up an order that
 * each thread computes alike from the weights. So any run of requests, however the threads share it, is served in one
 * order, and after each round every server has had exactly its weight. Full servers are passed over.
 *
 * The order spreads each server's turns evenly: its k-th turn is due at k/weight of the round, heavier servers first on a
 * tie, then file order. With equal weights this is the file order, from the first server on, as in HAProxy.
 */

import type { Server } from '../model/server.ts';
import type { Stream } from '../model/stream.ts';
import * as abi from '../native/abi.ts';
import type { Balancer, ServerGroup } from './server-group.ts';

function commonDivisor(a: number, b: number): number {
  while (b !== 0) {
    const rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

/** Indexes of servers in the order of their turns in one round. */
export function turnOrder(weights: readonly number[]): Int32Array {
  let divisor = 0;
  for (const weight of weights) divisor = commonDivisor(weight, divisor);
  const turns: { at: number; weight: number; server: number }[] = [];
  for (let server = 0; server < weights.length; server++) {
    const weight = (weights[server] as number) / divisor;
    for (let k = 0; k < weight; k++) turns.push({ at: k / weight, weight, server });
  }
  turns.sort((a, b) => a.at - b.at || b.weight - a.weight || a.server - b.server);
  return Int32Array.from(turns, (turn) => turn.server);
}

export class RoundRobin implements Balancer {
  readonly group: ServerGroup;
  readonly isDeterministic = false;
  private readonly position: number;
  private order: Int32Array = new Int32Array(0);

  constructor(group: ServerGroup) {
    this.group = group;
    this.position = group.live.proxy(group.proxy.index) + abi.LIVE_PX_POSITION;
  }

  /** Computes the order for the group as it is now. */
  rebuild(): void {
    this.order = turnOrder(this.group.weights);
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
