/** The string hashes that `hash-type` and the converters of the same names offer. All take latin1 strings (one character,
 * one byte) and give unsigned 32-bit numbers, equal to those of HAProxy so that keys keep their server when one replaces the
 * other.
 */

/** sdbm: h * 65599 + byte. */
export function sdbm(key: string): number {
  let hash = 0;
  for (let i = 0; i < key.length; i++) hash = (Math.imul(hash, 65599) + key.charCodeAt(i)) | 0;
  return hash >>> 0;
}

/** D. J. Bernstein's: h * 33 + byte, from 5381. */
export function djb2(key: string): number {
  let hash = 5381;
  for (let i = 0; i < key.length; i++) hash = (Math.imul(hash, 33) + key.charCodeAt(i)) | 0;
  return hash >>> 0;
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

/** wt6: two words that are crossed, complemented and rotated by amounts taken from their own bits. */
export function wt6(key: string): number {
  let left = 0xa53c965a | 0;
  let right = 0x5ca6953a | 0;
  let leftTurn = 6;
  let rightTurn = 18;
  for (let i = 0; i < key.length; i++) {
    const byte = key.charCodeAt(i);
    const mixed = ~(left ^ byte);
    const added = ~(right + byte);
    left = rotateLeft(added, leftTurn);
    right = rotateLeft(mixed, rightTurn);
    const turns = ((left >>> 16) ^ right) & 0xffff;
    leftTurn = turns & 31;
    rightTurn = turns >>> 11;
  }
  return (left ^ right) >>> 0;
}

const CRC_TABLES = new Map<number, Int32Array>();

function crcTable(polynomial: number): Int32Array {
  let table = CRC_TABLES.get(polynomial);
  if (table === undefined) {
    table = new Int32Array(256);
    for (let byte = 0; byte < 256; byte++) {
      let crc = byte;
      for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? polynomial : 0);
      table[byte] = crc;
    }
    CRC_TABLES.set(polynomial, table);
  }
  return table;
}

function crc(key: string, polynomial: number): number {
  const table = crcTable(polynomial);
  let hash = -1;
  for (let i = 0; i < key.length; i++) {
    hash = (hash >>> 8) ^ (table[(hash ^ key.charCodeAt(i)) & 0xff] as number);
  }
  return ~hash >>> 0;
}

/** CRC-32 as in Ethernet, zlib, PNG. */
export function crc32(key: string): number {
  return crc(key, 0xedb88320);
}

/** CRC-32C (Castagnoli, RFC 4960 appendix B). */
export function crc32c(key: string): number {
  return crc(key, 0x82f63b78);
}

/** Spreads every input bit over the whole word (`hash-type … avalanche`): Bob Jenkins' full avalanche of 32 bits. */
export function avalanche(value: number): number {
  let a = (value + 0x7ed55d16 + (value << 12)) | 0;
  a = a ^ 0xc761c23c ^ (a >>> 19);
  a = (a + 0x165667b1 + (a << 5)) | 0;
  a = ((a + 0xd3a2646c) | 0) ^ (a << 9);
  a = (a + 0xfd7046c5 + (a << 3)) | 0;
  a = a ^ 0xb55a4f09 ^ (a >>> 16);
  // A prime near 3/4 of 2^32 spreads neighbours around the tree of consistent hashing.
  return Math.imul(a, 3221225473) >>> 0;
}
