/** The kinds of clients a proof is made of. Together they hold fewer connections than a browser window of a small office. */
import type { ClientKind, LoadTarget } from './load-connection.ts';

/** Requests on one connection of a one-shot client. */
const ONCE = 1;

/** Names of the kinds, as the table shows them. */
export const KEEP_ALIVE = 'keep-alive';
export const ONE_SHOT = 'one-shot';

interface Shape {
  readonly targets: readonly LoadTarget[];
  readonly connections: number;
}

/** Asks, rests up to 20 ms, asks again: what a balancer in front does, and where a close meets a request. */
export function keepAliveClients({ targets, connections }: Shape): ClientKind {
  return {
    name: KEEP_ALIVE,
    connections,
    requestsPerConnection: 0,
    pauseMinMs: 0,
    pauseMaxMs: 20,
    pipelined: 1,
    targets,
  };
}

/** A connection for each request. */
export function oneShotClients({ targets, connections }: Shape): ClientKind {
  return {
    name: ONE_SHOT,
    connections,
    requestsPerConnection: ONCE,
    pauseMinMs: 0,
    pauseMaxMs: 2,
    pipelined: 1,
    targets,
  };
}

/** Asks again at once, as load generators do. */
export function busyClients({ targets, connections }: Shape): ClientKind {
  return {
    name: 'busy',
    connections,
    requestsPerConnection: 0,
    pauseMinMs: 0,
    pauseMaxMs: 0,
    pipelined: 1,
    targets,
  };
}

/** Sends several requests at once on a connection that stays. */
export function pipeliningClients({ targets, connections }: Shape, pipelined: number): ClientKind {
  return {
    name: 'pipelined',
    connections,
    requestsPerConnection: 0,
    pauseMinMs: 0,
    pauseMaxMs: 10,
    pipelined,
    targets,
  };
}
