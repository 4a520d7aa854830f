/** Hot path. `balance source|uri|url_param|hdr|hash`: a key decides the server, by a table of as many places as the servers' weights
 * (`hash-type map-based`). The hash is HAProxy's, and so is the table: a key keeps its server when one program replaces the
 * other. A request without the key takes turns, as in HAProxy.
 */
import { avalanche, crc32, djb2, sdbm, wt6 } from '../base/hash.ts';
import type { Server } from '../model/server.ts';
import type { Stream } from '../model/stream.ts';
import { RoundRobin } from './round-robin.ts';
import type { Balancer, ServerGroup } from './server-group.ts';
import { mapOrder } from './turn-order.ts';

/** 32-bit hash of the stream's key, or -1 when it has none. */
export type KeyHash = (stream: Stream) => number;

/** `hash-type <method> [<function> [avalanche]]`: consistent without a function is avalanched, as in HAProxy. */
export function hashFunction(words: readonly string[]): (key: string) => number {
  // `none`: the key is the number itself.
  const none = (key: string): number => (Number.parseInt(key, 10) || 0) >>> 0;
  const named: Record<string, (key: string) => number> = { sdbm, djb2, wt6, crc32, none };
  const plain = named[words[1] ?? 'sdbm'] ?? sdbm;
  return isAvalanched(words) ? (key) => avalanche(plain(key)) : plain;
}

/** Whether the words of `hash-type` ask for the second mixing: consistent hashing does unless a function is named. */
export function isAvalanched(words: readonly string[]): boolean {
  return words.indexOf('avalanche') >= 0 || (words[0] === 'consistent' && words.length === 1);
}

export class Hashed implements Balancer {
  readonly group: ServerGroup;
  readonly isDeterministic = true;
  private readonly keyHash: KeyHash;
  private readonly turns: RoundRobin;
  private places: Int32Array = new Int32Array(0);

  constructor(group: ServerGroup, keyHash: KeyHash) {
    this.group = group;
    this.keyHash = keyHash;
    this.turns = new RoundRobin(group);
  }

  next(stream: Stream, avoid: Server | undefined): Server | undefined {
    const group = this.group;
    if (group.refresh()) {
      this.places = mapOrder(group.weights);
      this.turns.rebuild();
    }
    if (this.places.length === 0) return undefined;
    const hash = this.keyHash(stream);
    // The server of this key has just failed: any other will do.
    if (hash < 0 || avoid !== undefined) return this.turns.next(stream, avoid);
    return group.servers[this.places[hash % this.places.length] as number];
  }
}
