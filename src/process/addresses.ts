/** Addresses as the kernel takes them, and host names looked up through libc when the process starts (`init-addr` libc). Literal
 * addresses are never looked up.
 */
import { isIPv6 } from 'node:net';
import { parseAddress } from '../base/ip.ts';
import { dns } from '../base/late-modules.ts';
import type { Configuration } from '../model/configuration.ts';
import type { ListenerAddress } from '../model/listener.ts';
import type { LogTarget } from '../model/proxy.ts';
import type { Server, ServerAddress } from '../model/server.ts';
import { sockaddrIpv4, sockaddrIpv6, sockaddrUnix } from '../native/sockaddr.ts';

/** Names looked up at once: libc blocks a thread of Node's pool for each. */
export const LOOKUPS_AT_ONCE_MAX = 16;

const NO_ADDRESS = new Uint8Array(0);

/** `host` of an IP address (any address when ''), with <port>. */
function sockaddrIp(host: string, family: 'ipv4' | 'ipv6', port: number): Uint8Array {
  const octets = host === '' ? new Uint8Array(family === 'ipv4' ? 4 : 16) : parseAddress(host)?.octets;
  if (octets === undefined) return NO_ADDRESS;
  return octets.length === 4 ? sockaddrIpv4(octets, port) : sockaddrIpv6(octets, port);
}

/** Bytes of a whole struct sockaddr_un. HAProxy's abstract names fill it with zeros, which are part of the name to the kernel. */
const SOCKADDR_UN_BYTES = 110;

function sockaddrPath(path: string, isAbstract: boolean): Uint8Array {
  const short = sockaddrUnix(path, isAbstract);
  if (!isAbstract) return short;
  const padded = new Uint8Array(SOCKADDR_UN_BYTES);
  padded.set(short.subarray(0, SOCKADDR_UN_BYTES));
  return padded;
}

/** Empty for `fd@`. */
export function listenerSockaddr(address: ListenerAddress): Uint8Array {
  const { kind, host, port } = address;
  if (kind === 'fd') return NO_ADDRESS;
  if (kind === 'unix' || kind === 'abns') return sockaddrPath(host, kind === 'abns');
  return sockaddrIp(host, kind, port);
}

/** Empty when the address is not known. <port> replaces the server's own when not 0. */
export function serverSockaddr(address: ServerAddress | undefined, port = 0): Uint8Array {
  if (address === undefined || address.kind === 'name') return NO_ADDRESS;
  if (address.kind === 'unix' || address.kind === 'abns')
    return sockaddrPath(address.host, address.kind === 'abns');
  return sockaddrIp(address.host, address.kind, port === 0 ? address.port : port);
}

/** Empty for a descriptor, or when the name is not known. */
export async function logTargetSockaddr(target: LogTarget): Promise<Uint8Array> {
  if (target.kind === 'fd') return NO_ADDRESS;
  if (target.kind === 'unix') return sockaddrUnix(target.host, false);
  const literal = parseAddress(target.host);
  const host = literal === undefined ? await lookUp(target.host) : target.host;
  if (host === undefined) return NO_ADDRESS;
  return sockaddrIp(host, isIPv6(host) ? 'ipv6' : 'ipv4', target.port);
}

/** The first address of <name>, IPv4 preferred only by libc's own order; undefined when there is none. */
async function lookUp(name: string): Promise<string | undefined> {
  try {
    return (await dns().lookup(name, { verbatim: true })).address;
  } catch {
    return undefined;
  }
}

function isNone(server: Server): boolean {
  const methods = server.settings.get('init-addr')?.[0]?.split(',') ?? [];
  return methods.some((method) => method === 'none' || parseAddress(method) !== undefined);
}

/** What a name without an address falls back to: an address of `init-addr`. */
function fallback(server: Server): string | undefined {
  const methods = server.settings.get('init-addr')?.[0]?.split(',') ?? [];
  return methods.find((method) => parseAddress(method) !== undefined);
}

async function resolveServer(
  server: Server,
  known: Map<string, Promise<string | undefined>>,
): Promise<string> {
  const { host } = server.address;
  const pending = known.get(host) ?? lookUp(host);
  known.set(host, pending);
  const found = (await pending) ?? fallback(server);
  if (found === undefined) {
    return isNone(server)
      ? ''
      : `[${server.place.file}:${server.place.line}] : 'server ${server.proxy.name}/${server.name}' : could not resolve address '${host}'.`;
  }
  server.resolved = { ...server.address, kind: isIPv6(found) ? 'ipv6' : 'ipv4', host: found };
  return '';
}

/** Gives every server its address; returns what could not be resolved, as sentences. */
export async function resolveServers(configuration: Configuration): Promise<string[]> {
  const named = configuration.servers.filter((server) => server.resolved === undefined);
  const known = new Map<string, Promise<string | undefined>>();
  const errors: string[] = [];
  for (let at = 0; at < named.length; at += LOOKUPS_AT_ONCE_MAX) {
    const some = named.slice(at, at + LOOKUPS_AT_ONCE_MAX);
    for (const error of await Promise.all(some.map((server) => resolveServer(server, known)))) {
      if (error !== '') errors.push(error);
    }
  }
  return errors;
}

/** What the names of <configuration> turned out to be, by server index. Literal addresses are not among them. */
export function addressesOfNames({ servers }: Configuration): Map<number, ServerAddress> {
  const found = new Map<number, ServerAddress>();
  for (const { index, resolved, address } of servers)
    if (resolved !== undefined && resolved !== address) found.set(index, resolved);
  return found;
}
