/** Hot path. Matchers of addresses. A short list of networks is tried one by one; a long one is indexed by prefix length, so that
 * a lookup costs one hash probe for each length that occurs.
 */
import { type Address, embeddedIpv4, mappedIpv6, type Network, parseIpv4, parseNetwork } from '../base/ip.ts';

const LOOP_MAX_NETWORKS = 8;

/** Reads an address, a network, or an abbreviated IPv4 one: the last part fills what is missing (`10.12` is 10.0.0.12). */
export function parseIpPattern(text: string): Network | undefined {
  const network = parseNetwork(text);
  if (network !== undefined) return network;
  const found = /^(\d{1,3})(?:\.(\d{1,3}))?\.(\d{1,3})(\/.*)?$/.exec(text);
  if (found === null) return undefined;
  const full = `${found[1]}.${found[2] ?? 0}.0.${found[3]}`;
  return parseIpv4(full) === undefined ? undefined : parseNetwork(full + (found[4] ?? ''));
}

/** True when the address lies in one of <networks>, of which there is at least one. */
export function matchNetworks(networks: readonly Network[]): (address: Address) => boolean {
  const first = networks[0] as Network;
  if (networks.length === 1) return (address) => first.matches(address);
  if (networks.length <= LOOP_MAX_NETWORKS) {
    return (address) => {
      for (let i = 0; i < networks.length; i++) if ((networks[i] as Network).matches(address)) return true;
      return false;
    };
  }
  const index = new NetworkIndex(networks);
  return (address) => index.has(address);
}

/** Networks of one family by the length of their prefix. */
class PrefixTable {
  private readonly byPrefix = new Map<number, { mask: Uint8Array; keys: Set<string> }>();

  add(network: Network): void {
    let entry = this.byPrefix.get(network.prefix);
    if (entry === undefined) {
      entry = { mask: network.mask, keys: new Set() };
      this.byPrefix.set(network.prefix, entry);
    }
    entry.keys.add(maskedKey(network.address.octets, network.mask));
  }

  has(address: Address): boolean {
    for (const entry of this.byPrefix.values()) {
      if (entry.keys.has(maskedKey(address.octets, entry.mask))) return true;
    }
    return false;
  }
}

class NetworkIndex {
  private readonly v4 = new PrefixTable();
  private readonly v6 = new PrefixTable();
  /** Masks with holes cannot be indexed. */
  private readonly odd: Network[] = [];

  constructor(networks: readonly Network[]) {
    for (const network of networks) {
      if (network.prefix < 0) this.odd.push(network);
      else if (network.address.family === 4) this.v4.add(network);
      else this.v6.add(network);
    }
  }

  has(address: Address): boolean {
    if (this.v6.has(mappedIpv6(address))) return true;
    const v4 = embeddedIpv4(address);
    if (v4 !== undefined && this.v4.has(v4)) return true;
    for (let i = 0; i < this.odd.length; i++) if ((this.odd[i] as Network).matches(address)) return true;
    return false;
  }
}

function maskedKey(octets: Uint8Array, mask: Uint8Array): string {
  let key = '';
  for (let i = 0; i < octets.length; i++) {
    key += String.fromCharCode((octets[i] as number) & (mask[i] as number));
  }
  return key;
}
