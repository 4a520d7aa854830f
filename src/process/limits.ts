/** How many connections the process may have: HAProxy's calculation from the limit of descriptors (management guide, section 5).
 * Pure but for reading the limit.
 */
import { readFileSync } from 'node:fs';
import type { Configuration } from '../model/configuration.ts';

/** HAProxy's `fd-hard-limit` when none is set: a huge system limit is no reason for huge tables. */
export const DESCRIPTORS_MAX = 1_048_576;
/** Connections there are in any case. */
export const MAXCONN_MIN = 100;
/** Connections of both sides the engine has records for: its own limit (CONNS_LIMIT). */
export const CONNS_MAX = 1 << 24;
/** Descriptors of a thread: its poll descriptor and its wake-up pair, as HAProxy counts them. */
const DESCRIPTORS_PER_THREAD = 3;
/** Standard streams and what the process always has open; as HAProxy. */
const DESCRIPTORS_RESERVED = 10;

/** The hard limit of open descriptors, which Node raises the soft one to at its start. */
export function descriptorLimit(): number {
  let text = '';
  try {
    text = readFileSync('/proc/self/limits', 'latin1');
  } catch {
    return DESCRIPTORS_MAX;
  }
  const match = /^Max open files\s+(\d+|unlimited)\s+(\d+|unlimited)/m.exec(text);
  const hard = match?.[2] ?? 'unlimited';
  return hard === 'unlimited' ? DESCRIPTORS_MAX : Number(hard);
}

export interface Limits {
  /** Client connections of the process at once. */
  readonly maxconn: number;
  /** Descriptors that takes, for `show info`. */
  readonly maxsock: number;
  readonly ulimitN: number;
  /** Connections of both sides. */
  readonly connsMax: number;
}

/** `stats maxconn`: clients of the runtime API at once. */
export function statsMaxconn({ global }: Configuration): number {
  return Number(global.settings.get('stats maxconn')?.[0] ?? global.statsMaxconn);
}

function fixedDescriptors(configuration: Configuration): number {
  const { listeners, servers, global } = configuration;
  const checks = servers.filter((server) => server.check.enabled).length;
  const runtimeApi =
    global.statsSockets.length > 0 ? global.statsSockets.length + statsMaxconn(configuration) : 0;
  return DESCRIPTORS_RESERVED + listeners.length + checks + runtimeApi;
}

/** Pipes for splice: as configured, else one for each four connections. -1 = not set. */
function pipesOf(configuration: Configuration): number {
  const { settings } = configuration.global;
  if (settings.has('nosplice')) return 0;
  const set = settings.get('maxpipes')?.[0];
  if (set !== undefined) return Number(set);
  const usesSplice = configuration.proxies.some((proxy) =>
    [...proxy.options].some((option) => option.startsWith('splice-')),
  );
  return usesSplice ? -1 : 0;
}

/** What `maxconn` is when the configuration does not say: as many as descriptors allow, two for each (and half a pipe). */
export function idealMaxconn(configuration: Configuration, threads: number, descriptors: number): number {
  const { settings } = configuration.global;
  const hardLimit = Number(settings.get('fd-hard-limit')?.[0] ?? DESCRIPTORS_MAX);
  let remain = Math.min(descriptors, hardLimit);
  remain -= fixedDescriptors(configuration) + DESCRIPTORS_PER_THREAD * threads;
  const pipes = pipesOf(configuration);
  if (pipes < 0) return Math.max(Math.floor((2 * remain) / 5), MAXCONN_MIN);
  if (pipes * 2 < remain) remain -= pipes * 2;
  return Math.max(Math.floor(remain / 2), MAXCONN_MIN);
}

/** Connections and descriptors of the process; <descriptors> is the hard limit (RLIMIT_NOFILE). */
export function computeLimits(configuration: Configuration, threads: number, descriptors: number): Limits {
  const { global } = configuration;
  const maxconn = global.maxconn > 0 ? global.maxconn : idealMaxconn(configuration, threads, descriptors);
  const fixed = fixedDescriptors(configuration) + DESCRIPTORS_PER_THREAD * threads;
  const ulimitN = Math.max(fixed + maxconn * 2, Number(global.settings.get('ulimit-n')?.[0] ?? 0));
  // Each client connection and its server's, and as many idle server connections as descriptors allow.
  const connsMax = Math.min(CONNS_MAX, Math.max(maxconn * 2, descriptors) + fixed);
  return { maxconn, maxsock: fixed + maxconn * 2, ulimitN, connsMax };
}
