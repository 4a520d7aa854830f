/** The points of `hash-type consistent`: made when the servers' state changes, then only read. */
import { avalanche } from '../base/hash.ts';
import type { Server } from '../model/server.ts';

/** Points for each unit of weight. */
const POINTS_PER_WEIGHT = 16;
/** Between the first points of two neighbouring server ids. */
const POINTS_PER_SERVER = 256 * POINTS_PER_WEIGHT;

export interface Ring {
  /** Rising. */
  readonly keys: Uint32Array;
  /** Index of the server that owns the point. */
  readonly owners: Int32Array;
}

/** Points of <servers> in the order of their keys; <weights> by the index of the server. */
export function makeRing(servers: readonly Server[], weights: readonly number[]): Ring {
  const points: { key: number; owner: number }[] = [];
  for (const [owner, server] of servers.entries()) {
    const count = (weights[owner] as number) * POINTS_PER_WEIGHT;
    for (let i = 0; i < count; i++)
      points.push({ key: avalanche((server.id * POINTS_PER_SERVER + i) | 0), owner });
  }
  points.sort((a, b) => a.key - b.key || a.owner - b.owner);
  return {
    keys: Uint32Array.from(points, (point) => point.key),
    owners: Int32Array.from(points, (point) => point.owner),
  };
}
