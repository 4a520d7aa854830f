/** Units, addresses and hashes: what is read, what is refused, what it is in HAProxy. */
import { describe, expect, it } from 'vitest';
import { bug } from './bug.ts';
import { avalanche, crc32, crc32c, djb2, sdbm, wt6 } from './hash.ts';
import { embeddedIpv4, parseAddress, parseNetwork } from './ip.ts';
import { parseSize } from './size.ts';
import { formatTime, parseTime } from './time.ts';

describe('time', () => {
  it.each([
    ['0', 0],
    ['5', 5],
    ['1us', 1],
    ['1500us', 2],
    ['30s', 30_000],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['1d', 86_400_000],
  ])('%s is %d ms', (text, ms) => expect(parseTime(text)).toEqual({ ms }));
  it.each(['', '5x', '1.5s', '-1', ' 5', '5 s', '1S'])('refuses <%s>', (text) =>
    expect(parseTime(text)).toEqual({ error: 'syntax' }),
  );
  it('counts bare numbers in the unit of the keyword', () =>
    expect(parseTime('5', 's')).toEqual({ ms: 5000 }));
  it('ends at 2^31 - 1 ms', () => {
    expect(parseTime('2147483647ms')).toEqual({ ms: 2147483647 });
    expect(parseTime('25d')).toEqual({ error: 'overflow' });
  });
  it('writes the shortest exact form', () => {
    expect([0, 1, 1500, 90_000, 7_200_000].map(formatTime)).toEqual(['0ms', '1ms', '1500ms', '90s', '2h']);
  });
});

describe('size', () => {
  it('knows k, m and g in both cases', () =>
    expect(['16384', '16k', '1M', '1g'].map(parseSize)).toEqual([16384, 16384, 1048576, 1073741824]));
  it('refuses the rest', () =>
    expect(['', '1.5k', '4g', '-1', '1kb'].map(parseSize)).toEqual(Array(5).fill(undefined)));
});

describe('addresses', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::', '::'],
    ['::1', '::1'],
    ['2001:DB8::0:1', '2001:db8::1'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['1::', '1::'],
    ['::ffff:1.2.3.4', '::ffff:1.2.3.4'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
    ['1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:102:304'],
  ])('%s prints as %s', (text, printed) => expect(parseAddress(text)?.toString()).toBe(printed));
  it.each([
    '1.2.3',
    '1.2.3.256',
    '01.2.3.4',
    '1:2',
    '1::2::3',
    ':1::',
    '12345::',
    '1:2:3:4:5:6:7:8:9',
    'host',
    '',
  ])('refuses <%s>', (text) => expect(parseAddress(text)).toBeUndefined());
  it.each([
    ['10.0.0.0/8', '10.255.0.1', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['10.0.0.0/255.0.0.255', '10.9.9.0', true],
    ['10.0.0.0/255.0.0.255', '10.9.9.1', false],
    ['0.0.0.0/0', '1.2.3.4', true],
    ['10.0.0.1', '10.0.0.2', false],
    ['2001:db8::/33', '2001:db8:7fff::1', true],
    ['2001:db8::/33', '2001:db8:8000::1', false],
    ['10.0.0.0/8', '::ffff:10.1.1.1', true],
    ['10.0.0.0/8', '2002:0a01:0101::5', true],
    ['::ffff:0:0/96', '10.1.1.1', true],
  ])('%s holds %s: %s', (network, address, held) => {
    expect(parseNetwork(network)?.matches(parseAddress(address)!)).toBe(held);
  });
  it('refuses masks that do not fit', () => {
    for (const text of ['1.2.3.4/33', '::/129', '1.2.3.4/', '1.2.3.4/::', '/8']) {
      expect(parseNetwork(text)).toBeUndefined();
    }
  });
  it('finds no IPv4 in a plain IPv6 address', () =>
    expect(embeddedIpv4(parseAddress('2001:db8::1')!)).toBeUndefined());
});

describe('hashes', () => {
  it('agree with HAProxy 3.5 on str(hello)', () => {
    expect([wt6, sdbm, djb2, crc32, crc32c].map((hash) => hash('hello'))).toEqual([
      3538347703, 684824882, 261238937, 907060870, 2591144780,
    ]);
    expect([avalanche(wt6('hello')), avalanche(djb2('hello'))]).toEqual([140457739, 1119739105]);
  });
});

it('a bug stops at its place', () => {
  expect(() => bug(Number('1') > 0, 'one is small')).toThrow('one is small');
});
