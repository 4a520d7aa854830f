/** In which order weighted servers take turns. Each server's turns are spread evenly over a round: its k-th is due at k/weight of it,
 * heavier servers first on a tie, then file order. With equal weights this is the file order, from the first server on, as
 * in HAProxy. Computed when the servers' state changes, on every thread alike.
 */
import type { Server } from '../model/server.ts';

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

/** Steps that a map may take to compute: beyond it (thousands of servers with odd weights) a thread would stand still for too long. */
const MAP_STEPS_MAX = 20_000_000;

/** The order of HAProxy's map (`static-rr`, `hash-type map-based`): in each place stands the first of the servers whose score, which
 * grows by its weight a place and falls by the sum of all when it is chosen, has passed the most rounds. A key's place names
 * the same server in both programs.
 */
export function mapOrder(weights: readonly number[]): Int32Array {
  let divisor = 0;
  let sum = 0;
  for (const weight of weights) {
    divisor = commonDivisor(weight, divisor);
    sum += weight;
  }
  const places = divisor === 0 ? 0 : sum / divisor;
  if (places * weights.length > MAP_STEPS_MAX) return turnOrder(weights);
  const scores = new Int32Array(weights.length);
  const order = new Int32Array(places);
  for (let place = 0; place < places; place++) {
    let best = 0;
    let most = -1;
    for (let server = 0; server < scores.length; server++) {
      scores[server] = (scores[server] as number) + (weights[server] as number) / divisor;
      const rounds = Math.trunc(((scores[server] as number) + places) / places);
      if (rounds <= most) continue;
      most = rounds;
      best = server;
    }
    order[place] = best;
    scores[best] = (scores[best] as number) - places;
  }
  return order;
}

/** Servers by rising id. */
export function byId(servers: readonly Server[]): Server[] {
  return servers.slice().sort((a, b) => a.id - b.id);
}
