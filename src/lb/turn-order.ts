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

/** Servers by rising id. */
export function byId(servers: readonly Server[]): Server[] {
  return servers.slice().sort((a, b) => a.id - b.id);
}
