/** The format in which listening sockets travel: HAProxy's, byte by byte. */
import { describe, expect, it } from 'vitest';
import {
  DESCRIPTION_MAX_BYTES,
  MESSAGE_DESCRIPTORS_MAX,
  type OfferedSocket,
  parseDescriptions,
  transferMessages,
} from './transfer-wire.ts';

function offered(count: number, namespace = '', device = ''): OfferedSocket[] {
  return Array.from({ length: count }, (_, index) => ({ fd: index + 10, namespace, device }));
}

describe('messages', () => {
  it('describe a socket by two names with their lengths and four zeros', () => {
    const [message] = transferMessages([{ fd: 7, namespace: 'blue', device: 'eth0' }]);
    expect(message?.descriptors).toEqual([7]);
    expect(Buffer.from(message?.bytes ?? []).toString('latin1')).toBe('\x04blue\x04eth0\0\0\0\0');
  });

  it('hold 252 descriptors at most', () => {
    const counts = transferMessages(offered(600)).map(({ descriptors }) => descriptors.length);
    expect(counts).toEqual([252, 252, 96]);
    expect(MESSAGE_DESCRIPTORS_MAX).toBe(252);
  });

  it('and a page of text at most', () => {
    const messages = transferMessages(offered(100, 'n'.repeat(200), 'i'.repeat(15)));
    expect(messages.length).toBeGreaterThan(1);
    for (const { bytes } of messages) expect(bytes.length).toBeLessThanOrEqual(4096);
    expect(messages.flatMap(({ descriptors }) => descriptors)).toHaveLength(100);
  });

  it('are read as they were written', () => {
    const sockets = [...offered(3), ...offered(2, 'blue'), ...offered(1, '', 'eth0')];
    const bytes = Buffer.concat(transferMessages(sockets).map((message) => message.bytes));
    const names = sockets.map(({ namespace, device }) => ({ namespace, device }));
    expect(parseDescriptions(bytes, sockets.length)).toEqual(names);
  });
});

describe('descriptions that make no sense are refused', () => {
  const one = Buffer.from('\x02ab\x00\0\0\0\0', 'latin1');
  it.each([
    ['too short', one.subarray(0, one.length - 1), 1],
    ['too long', Buffer.concat([one, Buffer.of(0)]), 1],
    ['of fewer sockets than announced', one, 2],
    ['of more', Buffer.concat([one, one]), 1],
    ['a name longer than the message', Buffer.from('\xffab', 'latin1'), 1],
    ['nothing', Buffer.alloc(0), 1],
  ])('%s', (_, bytes, count) => {
    expect(parseDescriptions(bytes, count)).toBeUndefined();
  });

  it('options that are not zero are what old versions sent', () => {
    expect(parseDescriptions(Buffer.from('\0\0\x01\x02\x03\x04', 'latin1'), 1)).toHaveLength(1);
  });

  it('no description is longer than its bound', () => {
    const [message] = transferMessages(offered(1, 'n'.repeat(300), 'i'.repeat(300)));
    expect(message?.bytes.length).toBe(DESCRIPTION_MAX_BYTES);
  });
});
