/** PROXY headers as they are sent: lines and blocks by the protocol's own examples. */
import { describe, expect, it } from 'vitest';
import { crc32c } from './hash.ts';
import { parseAddress } from './ip.ts';
import { type HeaderEnd, headerBlock, headerLine, NO_RECORDS, record } from './proxy-header.ts';

function end(address: string, port: number): HeaderEnd {
  const parsed = parseAddress(address);
  if (parsed === undefined) throw new Error(address);
  return { address: parsed, port };
}

function hex(text: string): string {
  return Buffer.from(text, 'latin1').toString('hex');
}

const SIGNATURE = '0d0a0d0a000d0a515549540a';
const V4 = [end('1.2.3.4', 111), end('5.6.7.8', 222)] as const;

describe('version 1', () => {
  it('is a line', () => {
    expect(headerLine(...V4)).toBe('PROXY TCP4 1.2.3.4 5.6.7.8 111 222\r\n');
    expect(headerLine(end('::1', 1), end('2001:db8::2', 2))).toBe('PROXY TCP6 ::1 2001:db8::2 1 2\r\n');
  });
  it('is TCP6 as soon as one end is', () => {
    expect(headerLine(V4[0], end('::2', 2))).toBe('PROXY TCP6 ::ffff:1.2.3.4 ::2 111 2\r\n');
  });
  it('says UNKNOWN of a unix socket', () => {
    expect(headerLine(undefined, V4[1])).toBe('PROXY UNKNOWN\r\n');
  });
});

describe('version 2', () => {
  it('is a block', () => {
    expect(hex(headerBlock(...V4, NO_RECORDS))).toBe(`${SIGNATURE}2111000c0102030405060708006f00de`);
    expect(hex(headerBlock(end('::1', 1), V4[1], NO_RECORDS))).toMatch(
      /^0d0a.{20}21210024(0{31}1)0{20}ffff05/,
    );
  });
  it('says LOCAL without addresses', () => {
    expect(hex(headerBlock(undefined, undefined, NO_RECORDS))).toBe(`${SIGNATURE}20000000`);
  });
  it('has records behind the addresses, the checksum between those that are named and the others', () => {
    const records = { named: record(0xe1, 'a'), hasChecksum: true, others: record(5, 'id') };
    const block = headerBlock(...V4, records);
    const bytes = Buffer.from(block, 'latin1');
    expect(hex(block)).toMatch(/^0d0a.{20}2111001c.{24}e1000161030004.{8}0500026964$/);
    const sum = bytes.readUInt32BE(35);
    bytes.writeUInt32BE(0, 35);
    expect(crc32c(bytes.toString('latin1'))).toBe(sum);
  });
  it('is refused when its length does not fit', () => {
    const records = { named: 'x'.repeat(65536), hasChecksum: false, others: '' };
    expect(() => headerBlock(...V4, records)).toThrow(RangeError);
  });
});
