/** The configuration as the engine wants it: words for each proxy, server and listener, limits, and the first state of the live array.
 * Written by main before any thread starts; afterwards the live array belongs to whoever model/live.ts and abi.def say.
 */
import type { Configuration } from '../model/configuration.ts';
import type { Listener } from '../model/listener.ts';
import type { Live } from '../model/live.ts';
import type { Proxy } from '../model/proxy.ts';
import { SERVER_MAINT, SERVER_RUNNING, type Server } from '../model/server.ts';
import * as abi from '../native/abi.ts';
import type { Addon, EngineLimits } from '../native/addon.ts';
import { serverSockaddr } from './addresses.ts';
import type { Limits } from './limits.ts';

/** Bytes of buffers that all engines may hold at once: far beyond what `tune.bufsize` needs in normal times. */
export const POOL_MAX_BYTES = 4 * 1024 * 1024 * 1024;
/** Connections taken from one listener at once; several threads share them fairly only with few. */
const ACCEPTS_ALONE = 64;
const ACCEPTS_SHARED = 4;

/** Options of a proxy that the engine knows, by their name in the manual. */
const OPTION_FLAGS: readonly (readonly [string, number])[] = [
  ['nolinger', abi.PXF_NOLINGER],
  ['dontlognull', abi.PXF_DONTLOGNULL],
  ['http-ignore-probes', abi.PXF_HTTP_IGNORE_PROBES],
  ['abortonclose', abi.PXF_ABORTONCLOSE],
  ['splice-auto', abi.PXF_SPLICE_AUTO],
  ['tcp-smart-connect', abi.PXF_TCP_SMART_CONNECT],
  ['tcp-smart-accept', abi.PXF_TCP_SMART_ACCEPT],
  ['independent-streams', abi.PXF_INDEPENDENT_STREAMS],
  ['httpclose', abi.PXF_NO_KEEPALIVE],
  ['http-no-delay', abi.PXF_HTTP_NO_DELAY],
  ['clitcpka', abi.PXF_CLITCPKA],
  ['srvtcpka', abi.PXF_SRVTCPKA],
  ['tcpka', abi.PXF_CLITCPKA | abi.PXF_SRVTCPKA],
  ['accept-unsafe-violations-in-http-request', abi.PXF_ACCEPT_UNSAFE],
  ['accept-invalid-http-request', abi.PXF_ACCEPT_UNSAFE],
];

function proxyWords(proxy: Proxy, common: number): Uint32Array {
  const words = new Uint32Array(abi.PX_WORDS);
  const { timeouts } = proxy;
  // A timeout that was not set is 0 here: the engine knows what stands in for it.
  words[abi.TIMEOUT_CLIENT] = Math.max(timeouts.clientMs, 0);
  words[abi.TIMEOUT_SERVER] = Math.max(timeouts.serverMs, 0);
  words[abi.TIMEOUT_CONNECT] = Math.max(timeouts.connectMs, 0);
  words[abi.TIMEOUT_HTTP_REQUEST] = Math.max(timeouts.httpRequestMs, 0);
  words[abi.TIMEOUT_HTTP_KEEP_ALIVE] = Math.max(timeouts.httpKeepAliveMs, 0);
  words[abi.TIMEOUT_TUNNEL] = Math.max(timeouts.tunnelMs, 0);
  words[abi.TIMEOUT_CLIENT_FIN] = Math.max(timeouts.clientFinMs, 0);
  words[abi.TIMEOUT_SERVER_FIN] = Math.max(timeouts.serverFinMs, 0);
  words[abi.TIMEOUT_QUEUE] = Math.max(timeouts.queueMs, 0);
  let flags = proxy.mode === 'http' ? abi.PXF_HTTP | common : 0;
  for (const [option, flag] of OPTION_FLAGS) if (proxy.options.has(option)) flags |= flag;
  words[abi.PX_FLAGS] = flags;
  words[abi.PX_HANDSHAKE_MS] = Math.max(timeouts.clientHsMs, 0);
  return words;
}

/** What the engine knows of a server, by the abi's SV_ numbers. */
export function serverWords(server: Server): Uint32Array {
  const words = new Uint32Array(abi.SV_WORDS);
  words[abi.SV_PROXY] = server.proxy.index;
  words[abi.SV_POOL_MAX] = server.poolMaxConn < 0 ? abi.NONE : server.poolMaxConn;
  words[abi.SV_POOL_PURGE_MS] = server.poolPurgeDelayMs;
  words[abi.SV_POOL_LOW] = server.poolLowConn;
  words[abi.SV_NETNS] = server.netnsFd + 1;
  return words;
}

/** What a connection of <listener> goes through before its first request; most listeners ask for nothing. */
function openingFlags({ proxy, settings }: Listener): number {
  let flags = settings.has('accept-proxy') ? abi.LIF_ACCEPT_PROXY : 0;
  if ((proxy.rules.get('tcp-request connection')?.length ?? 0) > 0) flags |= abi.LIF_ACCEPT_EVENT;
  if ((proxy.rules.get('tcp-request session')?.length ?? 0) > 0) flags |= abi.LIF_SESSION_EVENT;
  return flags;
}

/** <descriptors>: by listener index, -1 = not open. <socketIds>: the master's numbers of the sockets, 0 or none = it has none. */
export function listenerWords(
  configuration: Configuration,
  descriptors: readonly number[],
  threads: number,
  socketIds: readonly number[] = [],
): Uint32Array[] {
  const configured = configuration.global.maxaccept;
  const accepts = configured > 0 ? configured : threads === 1 ? ACCEPTS_ALONE : ACCEPTS_SHARED;
  return configuration.listeners.map((listener) => {
    const words = new Uint32Array(abi.LI_WORDS);
    words[abi.LI_FD] = (descriptors[listener.index] ?? -1) >>> 0;
    words[abi.LI_PROXY] = listener.proxy.index;
    const { kind } = listener.address;
    const isUnix = kind === 'unix' || kind === 'abns';
    words[abi.LI_FLAGS] = (isUnix ? 0 : abi.LIF_NODELAY) | openingFlags(listener);
    words[abi.LI_MAXACCEPT] = accepts;
    words[abi.LI_SOCKET_ID] = socketIds[listener.index] ?? 0;
    return words;
  });
}

export function engineLimits(configuration: Configuration, limits: Limits, engines: number): EngineLimits {
  const { global } = configuration;
  return {
    bufsize: global.bufsize,
    maxrewrite: global.maxrewrite,
    maxFields: global.httpMaxhdr,
    connsMax: limits.connsMax,
    poolMaxBytes: POOL_MAX_BYTES,
    idleShared: global.idlePoolShared,
    guardPages: global.settings.get('guard-pages')?.[0] === 'true',
    threads: engines,
  };
}

/** A server takes part at once unless it is disabled, or has no address. */
export function firstServerState(server: Server): number {
  const isOff = server.disabled || server.proxy.disabled || server.resolved === undefined;
  return isOff ? SERVER_MAINT : SERVER_RUNNING;
}

/** Sets the limits in the live array, once, before any thread serves. */
export function fillLive(live: Live, configuration: Configuration, limits: Limits): void {
  const { words } = live;
  words[abi.LIVE_MAXCONN] = limits.maxconn;
  words[abi.LIVE_CLOSE_SPREAD_MS] = configuration.global.closeSpreadMs;
  words[abi.LIVE_ENCODER] =
    configuration.global.maxCompressionLevel > 1 ? abi.ENCODER_BALANCED : abi.ENCODER_FAST;
  for (const proxy of configuration.proxies) {
    const own = proxy.maxconn > 0 ? proxy.maxconn : limits.maxconn;
    words[live.proxy(proxy.index) + abi.LIVE_PX_FE_MAXCONN] = proxy.isFrontend ? own : 0;
    words[live.proxy(proxy.index) + abi.LIVE_PX_FULLCONN] = Math.max(proxy.fullconn, 0);
  }
  for (const server of configuration.servers) {
    const at = live.server(server.index);
    words[at + abi.LIVE_SV_MAXCONN] = server.maxconn;
    words[at + abi.LIVE_SV_MAXQUEUE] = server.maxqueue;
    words[at + abi.LIVE_SV_MINCONN] = server.minconn;
    words[at + abi.LIVE_SV_WEIGHT] = server.weight;
    words[at + abi.LIVE_SV_STATE] = firstServerState(server);
  }
  for (const listener of configuration.listeners) {
    words[live.listener(listener.index) + abi.LIVE_LI_MAXCONN] = listener.maxconn;
  }
}

/** Gives the engine its tables; listeners come when they are open. */
export function fillEngine(addon: Addon, configuration: Configuration): void {
  // Which backend a request will go to is not known when its body is shown: one minsize asks for all frontends.
  const hasMinsize = configuration.proxies.some(
    ({ compression }) => (compression?.minsizeRequest ?? 0) > 0 || (compression?.minsizeResponse ?? 0) > 0,
  );
  const common = hasMinsize ? abi.PXF_BODY_WHOLE : 0;
  for (const proxy of configuration.proxies) addon.setProxy(proxy.index, proxyWords(proxy, common));
  for (const server of configuration.servers) {
    addon.setServer(server.index, serverWords(server), serverSockaddr(server.resolved));
  }
}
