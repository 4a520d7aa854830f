/** IPv4 and IPv6 addresses and networks: text to octets and back, and "is this address in that network". Values are
 * immutable; whoever makes one shares it freely.
 */

const ZERO = 48;
const DOT = 46;

export class Address {
  readonly family: 4 | 6;
  /** 4 or 16 bytes, network order. */
  readonly octets: Uint8Array;

  constructor(octets: Uint8Array) {
    this.family = octets.length === 4 ? 4 : 6;
    this.octets = octets;
  }

  equals(other: Address): boolean {
    return this.family === other.family && this.octets.every((octet, i) => octet === other.octets[i]);
  }

  toString(): string {
    return this.family === 4 ? this.octets.join('.') : formatIpv6(this.octets);
  }
}

/** As inet_ntop(3): the longest run of zero groups is `::` (RFC 5952 4.2), mapped IPv4 ends dotted. */
function formatIpv6(octets: Uint8Array): string {
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(((octets[i] as number) << 8) | (octets[i + 1] as number));
  const run = longestZeroRun(groups);
  if (
    run.start === 0 &&
    (run.length === 5 || run.length === 6) &&
    (run.length === 6 || groups[5] === 0xffff)
  ) {
    const dotted = octets.subarray(12).join('.');
    return run.length === 6 ? `::${dotted}` : `::ffff:${dotted}`;
  }
  const hex = groups.map((group) => group.toString(16));
  if (run.length < 2) return hex.join(':');
  return `${hex.slice(0, run.start).join(':')}::${hex.slice(run.start + run.length).join(':')}`;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  const best = { start: -1, length: 0 };
  for (let i = 0; i < groups.length; i++) {
    let end = i;
    while (end < groups.length && groups[end] === 0) end++;
    if (end - i > best.length) {
      best.start = i;
      best.length = end - i;
    }
    if (end > i) i = end;
  }
  return best;
}

/** Four decimal numbers, nothing else: no octal, no hexadecimal, no missing part. */
export function parseIpv4(text: string): Address | undefined {
  if (text.length > 15) return undefined;
  const octets = new Uint8Array(4);
  let index = 0;
  let value = -1;
  for (let i = 0; i <= text.length; i++) {
    const code = i < text.length ? text.charCodeAt(i) : DOT;
    if (code === DOT) {
      if (value < 0 || index === 4) return undefined;
      octets[index++] = value;
      value = -1;
      continue;
    }
    const digit = code - ZERO;
    if (digit < 0 || digit > 9 || value === 0) return undefined;
    value = value < 0 ? digit : value * 10 + digit;
    if (value > 255) return undefined;
  }
  return index === 4 ? new Address(octets) : undefined;
}

/** RFC 4291 2.2, an IPv4 tail included; undefined for anything else, a zone too. */
export function parseIpv6(text: string): Address | undefined {
  if (!/^[0-9a-fA-F:.]{2,45}$/.test(text)) return undefined;
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const before = parseGroups(halves[0] as string, halves.length === 1);
  const after = halves.length === 2 ? parseGroups(halves[1] as string, true) : [];
  if (before === undefined || after === undefined) return undefined;
  const missing = 16 - before.length - after.length;
  if (halves.length === 1 ? missing !== 0 : missing < 2) return undefined;
  const octets = new Uint8Array(16);
  octets.set(before, 0);
  octets.set(after, 16 - after.length);
  return new Address(octets);
}

/** Octets of `a:b:c`, whose last part may be dotted when <mayEndDotted>. */
function parseGroups(text: string, mayEndDotted: boolean): number[] | undefined {
  if (text === '') return [];
  const octets: number[] = [];
  const parts = text.split(':');
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as string;
    if (part.includes('.')) {
      const dotted = mayEndDotted && i === parts.length - 1 ? parseIpv4(part) : undefined;
      if (dotted === undefined) return undefined;
      octets.push(...dotted.octets);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined;
      const group = Number.parseInt(part, 16);
      octets.push(group >> 8, group & 0xff);
    }
  }
  return octets;
}

/** An IPv4 or IPv6 address in its usual text; undefined for anything else. */
export function parseAddress(text: string): Address | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

/** The IPv4 address inside an IPv6 one: mapped (::ffff:a.b.c.d), compatible (::a.b.c.d) or 6to4 (2002:a.b.c.d::, RFC 3056). */
export function embeddedIpv4(address: Address): Address | undefined {
  if (address.family === 4) return address;
  const octets = address.octets;
  if (octets[0] === 0x20 && octets[1] === 0x02) return new Address(octets.slice(2, 6));
  for (let i = 0; i < 10; i++) if (octets[i] !== 0) return undefined;
  const mark = ((octets[10] as number) << 8) | (octets[11] as number);
  return mark === 0 || mark === 0xffff ? new Address(octets.slice(12)) : undefined;
}

/** ::ffff:a.b.c.d (RFC 4291 2.5.5.2). */
export function mappedIpv6(address: Address): Address {
  if (address.family === 6) return address;
  const octets = new Uint8Array(16);
  octets[10] = 0xff;
  octets[11] = 0xff;
  octets.set(address.octets, 12);
  return new Address(octets);
}

export class Network {
  readonly address: Address;
  readonly mask: Uint8Array;
  /** Bits of the mask; -1 when they are not contiguous (255.0.255.0). */
  readonly prefix: number;

  constructor(address: Address, mask: Uint8Array) {
    this.address = address;
    this.mask = mask;
    this.prefix = prefixOf(mask);
  }

  /** Same family only; see `matches` for addresses inside addresses. */
  contains(address: Address): boolean {
    const own = this.address.octets;
    if (address.octets.length !== own.length) return false;
    for (let i = 0; i < own.length; i++) {
      if ((((own[i] as number) ^ (address.octets[i] as number)) & (this.mask[i] as number)) !== 0)
        return false;
    }
    return true;
  }

  /** As the `ip` match method: an IPv4 client seen through an IPv6 socket is still that IPv4 client, and conversely. */
  matches(address: Address): boolean {
    if (this.contains(address)) return true;
    if (this.address.family === 6) return address.family === 4 && this.contains(mappedIpv6(address));
    const embedded = address.family === 6 ? embeddedIpv4(address) : undefined;
    return embedded !== undefined && this.contains(embedded);
  }

  toString(): string {
    return this.prefix < 0 ? `${this.address}/${this.mask.join('.')}` : `${this.address}/${this.prefix}`;
  }
}

/** The octets of a netmask, 4 or 16, that has its first <prefix> bits set. */
export function maskOfPrefix(prefix: number, family: 4 | 6): Uint8Array {
  const mask = new Uint8Array(family === 4 ? 4 : 16);
  for (let i = 0; i < mask.length; i++) {
    mask[i] = (0xff00 >> Math.max(0, Math.min(8, prefix - i * 8))) & 0xff;
  }
  return mask;
}

function prefixOf(mask: Uint8Array): number {
  const bits = [...mask].map((octet) => octet.toString(2).padStart(8, '0')).join('');
  const prefix = bits.indexOf('0') < 0 ? bits.length : bits.indexOf('0');
  return bits.indexOf('1', prefix) < 0 ? prefix : -1;
}

/** `address`, `address/bits` or `address/mask`. */
export function parseNetwork(text: string): Network | undefined {
  const slash = text.indexOf('/');
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  const width = address.family === 4 ? 32 : 128;
  if (slash < 0) return new Network(address, maskOfPrefix(width, address.family));
  const right = text.slice(slash + 1);
  if (/^\d{1,3}$/.test(right)) {
    return Number(right) <= width
      ? new Network(address, maskOfPrefix(Number(right), address.family))
      : undefined;
  }
  const mask = parseAddress(right);
  return mask !== undefined && mask.family === address.family ? new Network(address, mask.octets) : undefined;
}
