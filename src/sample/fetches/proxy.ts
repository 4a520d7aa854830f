/** Hot path. Fetches of proxies and servers: their names, and the counts that all threads share. */

import type { Proxy } from '../../model/proxy.ts';
import type { Server } from '../../model/server.ts';
import type { Stream } from '../../model/stream.ts';
import * as abi from '../../native/abi.ts';
import { type Fetch, fetch } from '../declare.ts';
import { isServerUp, processCount, proxyCount, serverCount, usableServers } from '../live-counts.ts';

function backendOf(stream: Stream): Proxy {
  return stream.backend ?? stream.frontend;
}

/** A fetch of one number of a backend. */
function backendFetch(name: string, get: (stream: Stream, backend: Proxy) => number | undefined): Fetch {
  return fetch({
    name,
    args: ['be'],
    output: 'sint',
    uses: 'internal',
    fetch: (stream, [backend]) => get(stream, backend.of(stream)),
  });
}

function serverFetch(name: string, get: (stream: Stream, server: Server) => number): Fetch {
  return fetch({
    name,
    args: ['srv'],
    output: 'sint',
    uses: 'internal',
    fetch: (stream, [server]) => get(stream, server.of(stream)),
  });
}

/** Requests waiting: in the backend's own queue and its servers'. */
function queued(stream: Stream, backend: Proxy): number {
  let total = proxyCount(stream, backend, abi.LIVE_PX_QUEUED);
  for (let i = 0; i < backend.servers.length; i++) {
    total += serverCount(stream, backend.servers[i] as Server, abi.LIVE_SV_QUEUED);
  }
  return total;
}

/** -1: without a limit. */
function freeSlots(stream: Stream, server: Server): number {
  const limit = serverCount(stream, server, abi.LIVE_SV_MAXCONN);
  if (limit === 0) return -1;
  return Math.max(0, limit - serverCount(stream, server, abi.LIVE_SV_SERVED));
}

function freeConnections(stream: Stream, backend: Proxy): number {
  let total = 0;
  for (let i = 0; i < backend.servers.length; i++) {
    const server = backend.servers[i] as Server;
    if (!isServerUp(stream, server)) continue;
    const free = freeSlots(stream, server);
    if (free < 0) return -1;
    total += free;
  }
  return total;
}

/** Free connections and free places in the queues together. */
function connectionSlots(stream: Stream, backend: Proxy): number {
  let total = 0;
  for (let i = 0; i < backend.servers.length; i++) {
    const server = backend.servers[i] as Server;
    if (!isServerUp(stream, server)) continue;
    const free = freeSlots(stream, server);
    if (free < 0 || server.maxqueue === 0) return -1;
    total += free + Math.max(0, server.maxqueue - serverCount(stream, server, abi.LIVE_SV_QUEUED));
  }
  return total;
}

function timeoutFetch(name: string, uses: 'frontend' | 'backend', get: (stream: Stream) => number): Fetch {
  return fetch({
    name,
    args: [],
    output: 'sint',
    uses,
    fetch: (stream) => Math.max(get(stream), 0),
  });
}

const names: readonly Fetch[] = [
  fetch({
    name: 'fe_name',
    args: [],
    output: 'str',
    uses: 'frontend',
    fetch: (stream) => stream.frontend.name,
  }),
  fetch({ name: 'fe_id', args: [], output: 'sint', uses: 'frontend', fetch: (stream) => stream.frontend.id }),
  fetch({
    name: 'fe_defbe',
    args: [],
    output: 'str',
    uses: 'frontend',
    fetch: (stream) => stream.frontend.defaultBackend?.name,
  }),
  fetch({
    name: 'be_name',
    args: [],
    output: 'str',
    uses: 'backend',
    fetch: (stream) => backendOf(stream).name,
  }),
  fetch({
    name: 'be_id',
    args: [],
    output: 'sint',
    uses: 'backend',
    fetch: (stream) => backendOf(stream).id,
  }),
  fetch({
    name: 'srv_name',
    args: [],
    output: 'str',
    uses: 'server',
    fetch: (stream) => stream.server?.name,
  }),
  fetch({ name: 'srv_id', args: [], output: 'sint', uses: 'server', fetch: (stream) => stream.server?.id }),
  timeoutFetch('fe_client_timeout', 'frontend', (stream) => stream.frontend.timeouts.clientMs),
  timeoutFetch('fe_tarpit_timeout', 'frontend', (stream) => stream.frontend.timeouts.tarpitMs),
  timeoutFetch('be_connect_timeout', 'backend', (stream) => backendOf(stream).timeouts.connectMs),
  timeoutFetch('be_queue_timeout', 'backend', (stream) => {
    const { queueMs, connectMs } = backendOf(stream).timeouts;
    return queueMs > 0 ? queueMs : connectMs;
  }),
  timeoutFetch('be_server_timeout', 'backend', (stream) => backendOf(stream).timeouts.serverMs),
  timeoutFetch('be_tarpit_timeout', 'backend', (stream) => {
    const { tarpitMs, connectMs } = backendOf(stream).timeouts;
    return tarpitMs > 0 ? tarpitMs : connectMs;
  }),
  timeoutFetch('be_tunnel_timeout', 'backend', (stream) => backendOf(stream).timeouts.tunnelMs),
  fetch({
    name: 'be_max_retries',
    args: [],
    output: 'sint',
    uses: 'backend',
    fetch: (stream) => backendOf(stream).retries,
  }),
];

const counts: readonly Fetch[] = [
  backendFetch('nbsrv', (stream, backend) => usableServers(backend, stream)),
  backendFetch('be_conn', (stream, backend) => proxyCount(stream, backend, abi.LIVE_PX_BECONN)),
  backendFetch('be_conn_free', freeConnections),
  backendFetch('connslots', connectionSlots),
  backendFetch('queue', queued),
  backendFetch('avg_queue', (stream, backend) => {
    const servers = usableServers(backend, stream);
    return servers === 0 ? queued(stream, backend) * 2 : Math.ceil(queued(stream, backend) / servers);
  }),
  serverFetch('srv_conn', (stream, server) => serverCount(stream, server, abi.LIVE_SV_SERVED)),
  serverFetch('srv_conn_free', freeSlots),
  serverFetch('srv_queue', (stream, server) => serverCount(stream, server, abi.LIVE_SV_QUEUED)),
  serverFetch('srv_weight', (stream, server) => serverCount(stream, server, abi.LIVE_SV_WEIGHT)),
  serverFetch('srv_iweight', (_stream, server) => server.weight),
  serverFetch('srv_uweight', (stream, server) => serverCount(stream, server, abi.LIVE_SV_WEIGHT)),
  fetch({
    name: 'srv_is_up',
    args: ['srv'],
    output: 'bool',
    uses: 'internal',
    fetch: (stream, [server]) => isServerUp(stream, server.of(stream)),
  }),
  fetch({
    name: 'act_conn',
    args: [],
    output: 'sint',
    uses: 'constant',
    fetch: (stream) => processCount(stream, abi.LIVE_ACTCONN),
  }),
  fetch({
    name: 'stopping',
    args: [],
    output: 'bool',
    uses: 'internal',
    fetch: (stream) => processCount(stream, abi.LIVE_STOPPING) !== 0,
  }),
  fetch({
    name: 'thread',
    args: [],
    output: 'sint',
    uses: 'constant',
    fetch: (stream) => stream.engine.thread,
  }),
];

export const proxyFetches: readonly Fetch[] = [...names, ...counts];
