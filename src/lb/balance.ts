/** The `balance` line of a backend made into its algorithm. One place lists the algorithms' names. */
import type { Live } from '../model/live.ts';
import type { Proxy } from '../model/proxy.ts';
import { Consistent, spread } from './consistent.ts';
import { First } from './first.ts';
import { Hashed, hashFunction, isAvalanched, type KeyHash } from './hashed.ts';
import { headerKey, sourceKey, uriKey, urlParamKey } from './keys.ts';
import { LeastConn } from './least-conn.ts';
import { Random } from './random.ts';
import { type Affinity, RingLimits } from './ring-limits.ts';
import { RoundRobin } from './round-robin.ts';
import { type Balancer, ServerGroup } from './server-group.ts';

export const BALANCE_NAMES: readonly string[] = [
  'roundrobin',
  'static-rr',
  'leastconn',
  'first',
  'random',
  'source',
  'uri',
  'url_param',
  'hdr',
  'hash',
];

/** `hdr(host)` as one word, or `hdr` with its argument apart. */
function splitName(words: readonly string[]): { name: string; args: string[] } {
  const first = words[0] ?? 'roundrobin';
  const open = first.indexOf('(');
  if (open < 0) return { name: first, args: words.slice(1) };
  return {
    name: first.slice(0, open),
    args: [first.slice(open + 1, first.lastIndexOf(')')), ...words.slice(1)],
  };
}

function expressionKey(proxy: Proxy, hash: (key: string) => number): KeyHash {
  const expression = proxy.balance.expression;
  return (stream) => {
    const value = expression?.evaluate(stream);
    return value === undefined ? -1 : hash(String(value));
  };
}

/** The key of a hashing algorithm, or undefined for one that hashes nothing. */
function keyOf(proxy: Proxy, name: string, args: readonly string[]): KeyHash | undefined {
  const words = proxy.settings.get('hash-type') ?? [];
  const hash = hashFunction(words);
  switch (name) {
    case 'source': {
      const key = sourceKey();
      return isAvalanched(words) ? (stream) => spread(key(stream)) : key;
    }
    case 'uri':
      return uriKey(args, hash);
    case 'url_param':
      return urlParamKey(args[0] ?? '', hash);
    case 'hdr':
      return headerKey(args[0] ?? '', args.includes('use_domain_only'), hash);
    case 'hash':
      return expressionKey(proxy, hash);
    default:
      return undefined;
  }
}

export function createBalancer(proxy: Proxy, live: Live): Balancer {
  const group = new ServerGroup(proxy, live);
  const { name, args } = splitName([proxy.balance.algorithm, ...proxy.balance.args]);
  const key = keyOf(proxy, name, args);
  if (key !== undefined) {
    if (proxy.settings.get('hash-type')?.[0] !== 'consistent') return new Hashed(group, key);
    const affinity = (proxy.settings.get('hash-preserve-affinity')?.[0] ?? 'always') as Affinity;
    const factor = Number(proxy.settings.get('hash-balance-factor')?.[0] ?? 0);
    return new Consistent(group, key, new RingLimits(affinity, factor));
  }
  switch (name) {
    case 'leastconn':
      return new LeastConn(group);
    case 'first':
      return new First(group);
    case 'random':
      return new Random(group, args[0] ? Number(args[0]) : 2);
    default:
      return new RoundRobin(group, name === 'static-rr');
  }
}
