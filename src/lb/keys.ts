/** Hot path. What the hashing algorithms hash: the client's address, the URI, a URL parameter, a header. */
import type { Address } from '../base/ip.ts';
import { sourceOf } from '../model/session-address.ts';
import * as abi from '../native/abi.ts';
import type { KeyHash } from './hashed.ts';

type Hash = (key: string) => number;

function wordsOf(address: Address): number {
  const octets = address.octets;
  let hash = 0;
  for (let i = 0; i < octets.length; i += 4) {
    hash ^=
      ((octets[i] as number) << 24) |
      ((octets[i + 1] as number) << 16) |
      ((octets[i + 2] as number) << 8) |
      (octets[i + 3] as number);
  }
  return hash >>> 0;
}

/** The 32-bit words of the client address, exclusive-or-ed; -1 when there is none (a unix socket). */
export function sourceKey(): KeyHash {
  return (stream) => {
    const address = sourceOf(stream);
    return address === undefined ? -1 : wordsOf(address);
  };
}

/** `uri [len <n>] [depth <n>] [whole] [path-only]`: up to the query unless whole. */
export function uriKey(args: readonly string[], hash: Hash): KeyHash {
  const number = (name: string): number => {
    const at = args.indexOf(name);
    return at < 0 ? 0 : Number(args[at + 1]);
  };
  const length = number('len');
  const depth = number('depth');
  const isWhole = args.indexOf('whole') >= 0;
  const isPathOnly = args.indexOf('path-only') >= 0;
  return (stream) => {
    let uri = stream.request.target;
    if (isPathOnly && uri.charCodeAt(0) !== 0x2f) uri = pathOf(uri);
    if (length > 0 && uri.length > length) uri = uri.substring(0, length);
    return hash(uri.substring(0, keyEnd(uri, depth, isWhole)));
  };
}

function pathOf(uri: string): string {
  const scheme = uri.indexOf('://');
  const slash = scheme < 0 ? -1 : uri.indexOf('/', scheme + 3);
  return slash < 0 ? uri : uri.substring(slash);
}

function keyEnd(uri: string, depth: number, isWhole: boolean): number {
  let slashes = 0;
  for (let i = 0; i < uri.length; i++) {
    const code = uri.charCodeAt(i);
    // The slash that would begin directory depth + 1 ends the key.
    if (code === 0x2f && ++slashes === depth + 1 && depth > 0) return i;
    if (code === 0x3f && !isWhole) return i;
  }
  return uri.length;
}

/** `url_param <name>`: the parameter's value in the query string. */
export function urlParamKey(name: string, hash: Hash): KeyHash {
  const prefix = `${name}=`;
  return (stream) => {
    const uri = stream.request.target;
    let at = uri.indexOf('?');
    while (at >= 0) {
      at++;
      if (uri.startsWith(prefix, at)) {
        const from = at + prefix.length;
        const end = uri.indexOf('&', from);
        return hash(end < 0 ? uri.substring(from) : uri.substring(from, end));
      }
      at = uri.indexOf('&', at);
    }
    return -1;
  };
}

/** `hdr(<name>) [use_domain_only]`; of a Host only the main word of the domain when asked (`www.example.com`: `example`). */
export function headerKey(name: string, isDomainOnly: boolean, hash: Hash): KeyHash {
  const lower = name.toLowerCase();
  const id = Math.max(abi.FIELD_NAMES.indexOf(lower), 0);
  return (stream) => {
    const value = stream.request.get(id, lower);
    if (value === undefined) return -1;
    return hash(isDomainOnly ? mainWord(value) : value);
  };
}

function mainWord(host: string): string {
  const colon = host.indexOf(':');
  const bare = colon < 0 ? host : host.substring(0, colon);
  const lastDot = bare.lastIndexOf('.');
  if (lastDot <= 0) return bare;
  return bare.substring(bare.lastIndexOf('.', lastDot - 1) + 1, lastDot);
}
