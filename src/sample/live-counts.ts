/** Hot path. Counts and states that all threads share, read from the live array for fetches, converters and conditions. */
import type { Proxy } from '../model/proxy.ts';
import { SERVER_DRAIN, SERVER_MAINT, SERVER_RUNNING, type Server } from '../model/server.ts';
import type { Stream } from '../model/stream.ts';
import * as abi from '../native/abi.ts';

/** A word of a proxy's record; 0 before the engine runs. */
export function proxyCount(stream: Stream, proxy: Proxy, word: number): number {
  const live = stream.engine.live;
  return live === undefined ? 0 : (live.words[live.proxy(proxy.index) + word] as number);
}

/** A LIVE_SV_ word of <server>; 0 without an engine (a test). */
export function serverCount(stream: Stream, server: Server, word: number): number {
  const live = stream.engine.live;
  return live === undefined ? 0 : (live.words[live.server(server.index) + word] as number);
}

/** A LIVE_ word of the process. */
export function processCount(stream: Stream, word: number): number {
  const live = stream.engine.live;
  return live === undefined ? 0 : (live.words[word] as number);
}

/** Up, whatever its weight; in maintenance it is not. */
export function isServerUp(stream: Stream, server: Server): boolean {
  const state = serverCount(stream, server, abi.LIVE_SV_STATE);
  return (state & SERVER_RUNNING) !== 0 && (state & SERVER_MAINT) === 0;
}

/** May be given new work. */
export function isServerUsable(stream: Stream, server: Server): boolean {
  const state = serverCount(stream, server, abi.LIVE_SV_STATE);
  return (state & SERVER_RUNNING) !== 0 && (state & (SERVER_DRAIN | SERVER_MAINT)) === 0;
}

/** Servers that the balance algorithm chooses from: the active ones, or the backups when none of those is usable. */
export function usableServers(backend: Proxy, stream: Stream): number {
  let active = 0;
  let backup = 0;
  for (let i = 0; i < backend.servers.length; i++) {
    const server = backend.servers[i] as Server;
    if (!isServerUsable(stream, server) || serverCount(stream, server, abi.LIVE_SV_WEIGHT) === 0) continue;
    if (server.backup) backup++;
    else active++;
  }
  if (active > 0 || backup === 0) return active;
  return backend.options.has('allbackups') ? backup : 1;
}
