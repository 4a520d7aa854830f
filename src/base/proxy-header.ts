/** The PROXY protocol's header as text of single bytes (latin1), to be sent to a server: version 1 is a line, version 2 a block with
 * records (TLVs) behind the addresses. Byte for byte what HAProxy sends.
 *
 * See also: proxy-protocol.txt 2.1 and 2.2.
 */
import { crc32c } from './hash.ts';
import { type Address, mappedIpv6 } from './ip.ts';

export interface HeaderEnd {
  readonly address: Address;
  readonly port: number;
}

const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n';
const LOCAL = '\x20\x00';
const PROXY_INET = '\x21\x11';
const PROXY_INET6 = '\x21\x21';
const CRC32C_TYPE = 3;
export const TLS_TYPE = 0x20;
/** The record's value for a client without TLS: no certificate, nothing verified. */
export const NO_TLS = '\0\0\0\0\0';
/** What a length of 16 bits can say. */
export const TLVS_MAX_BYTES = 0xffff - 36;

function uint16(value: number): string {
  return String.fromCharCode((value >>> 8) & 0xff, value & 0xff);
}

function octets(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/** One family for both ends: IPv6 as soon as one of them is. */
function bothEnds(source: HeaderEnd, destination: HeaderEnd): { family: 4 | 6; from: Address; to: Address } {
  const from = source.address;
  const to = destination.address;
  if (from.family === 4 && to.family === 4) return { family: 4, from, to };
  return { family: 6, from: mappedIpv6(from), to: mappedIpv6(to) };
}

/** Version 1; what has no internet address at either end is UNKNOWN. */
export function headerLine(source: HeaderEnd | undefined, destination: HeaderEnd | undefined): string {
  if (source === undefined || destination === undefined) return 'PROXY UNKNOWN\r\n';
  const { family, from, to } = bothEnds(source, destination);
  return `PROXY TCP${family} ${from} ${to} ${source.port} ${destination.port}\r\n`;
}

/** One record. */
export function record(type: number, value: string): string {
  return String.fromCharCode(type) + uint16(value.length) + value;
}

/** Where the records behind the checksum begin: it stands behind those that the configuration names. */
export interface Records {
  readonly named: string;
  readonly hasChecksum: boolean;
  readonly others: string;
}

export const NO_RECORDS: Records = { named: '', hasChecksum: false, others: '' };

/** Version 2; without addresses it says that the connection is the proxy's own (LOCAL). */
export function headerBlock(
  source: HeaderEnd | undefined,
  destination: HeaderEnd | undefined,
  { named, hasChecksum, others }: Records,
): string {
  let kind = LOCAL;
  let addresses = '';
  if (source !== undefined && destination !== undefined) {
    const { family, from, to } = bothEnds(source, destination);
    kind = family === 4 ? PROXY_INET : PROXY_INET6;
    addresses = octets(from.octets) + octets(to.octets) + uint16(source.port) + uint16(destination.port);
  }
  const checksum = hasChecksum ? record(CRC32C_TYPE, '\0\0\0\0') : '';
  const length = named.length + checksum.length + others.length;
  if (length > TLVS_MAX_BYTES) throw new RangeError(`PROXY header with ${length} bytes of TLVs`);
  const head = `${SIGNATURE}${kind}${uint16(addresses.length + length)}${addresses}${named}`;
  if (!hasChecksum) return head + others;
  const sum = crc32c(head + checksum + others);
  return head + record(CRC32C_TYPE, uint16(sum >>> 16) + uint16(sum)) + others;
}
