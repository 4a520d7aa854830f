/** Hot path. `hash-type consistent`: servers own points on a ring of 32-bit keys, sixteen for each unit of weight, and a key belongs to
 * the nearest point; so a server that comes or goes moves only its own share. Points are HAProxy's (from the server's id),
 * so that keys keep their server when one replaces the other.
 */
import { avalanche } from '../base/hash.ts';
import type { Server } from '../model/server.ts';
import type { Stream } from '../model/stream.ts';
import type { KeyHash } from './hashed.ts';
import { makeRing, type Ring } from './ring.ts';
import type { RingLimits } from './ring-limits.ts';
import { RoundRobin } from './round-robin.ts';
import type { Balancer, ServerGroup } from './server-group.ts';

export class Consistent implements Balancer {
  readonly group: ServerGroup;
  readonly isDeterministic = true;
  private readonly keyHash: KeyHash;
  private readonly turns: RoundRobin;
  private readonly limits: RingLimits;
  private ring: Ring = makeRing([], []);

  constructor(group: ServerGroup, keyHash: KeyHash, limits: RingLimits) {
    this.group = group;
    this.keyHash = keyHash;
    this.limits = limits;
    this.turns = new RoundRobin(group);
  }

  next(stream: Stream, avoid: Server | undefined): Server | undefined {
    const group = this.group;
    if (group.refresh()) {
      this.ring = makeRing(group.servers, group.weights);
      this.turns.rebuild();
    }
    if (this.ring.keys.length === 0) return undefined;
    const hash = this.keyHash(stream);
    if (hash < 0) return this.turns.next(stream, avoid);
    return this.around(this.nearest(hash), avoid);
  }

  /** The point nearest to <hash>, on either side; ties go to the one before. */
  private nearest(hash: number): number {
    const { keys } = this.ring;
    let low = 0;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((keys[middle] as number) < hash) low = middle + 1;
      else high = middle;
    }
    const next = low === keys.length ? 0 : low;
    const previous = next === 0 ? keys.length - 1 : next - 1;
    const before = (hash - (keys[previous] as number)) >>> 0;
    const after = ((keys[next] as number) - hash) >>> 0;
    return before <= after ? previous : next;
  }

  /** The server of point <from>, or of the next one that may be used. */
  private around(from: number, avoid: Server | undefined): Server | undefined {
    const { owners } = this.ring;
    const count = owners.length;
    let fallback: Server | undefined;
    for (let step = 0; step < count; step++) {
      const point = from + step < count ? from + step : from + step - count;
      const owner = owners[point] as number;
      const server = this.group.servers[owner] as Server;
      fallback ??= server;
      if (server !== avoid && this.limits.allows(this.group, owner)) return server;
    }
    return fallback;
  }
}

/** The hash that a key function gives, spread over the ring. */
export function spread(hash: number): number {
  return hash < 0 ? hash : avalanche(hash);
}
