/** Addresses as they are written, and their parts. */
import { describe, expect, it } from 'vitest';
import { type Endpoint, parseEndpoint } from './endpoint.ts';

const brief = (text: string) => {
  const found = parseEndpoint(text);
  if ('error' in found) return found.error;
  const { kind, host, port, portEnd, portOffset, fd } = found as Endpoint;
  if (kind === 'fd') return `fd ${fd}`;
  const ports = portEnd !== port ? `${port}-${portEnd}` : portOffset !== 0 ? `+${portOffset}` : `${port}`;
  return `${kind} ${host} ${ports}`;
};

describe('addresses', () => {
  it.each([
    [':80', 'ipv4  80'],
    ['*:80', 'ipv4  80'],
    ['127.0.0.1:80', 'ipv4 127.0.0.1 80'],
    ['127.0.0.1', 'ipv4 127.0.0.1 0'],
    ['127.0.0.1:8000-8010', 'ipv4 127.0.0.1 8000-8010'],
    [':::80', 'ipv6 :: 80'],
    ['[::1]:80', 'ipv6 ::1 80'],
    ['[::1]', 'ipv6 ::1 0'],
    ['ipv6@:80', 'ipv6  80'],
    ['ipv4@1.2.3.4:5', 'ipv4 1.2.3.4 5'],
    ['tcp4@1.2.3.4:5', 'ipv4 1.2.3.4 5'],
    ['/run/x.sock', 'unix /run/x.sock 0'],
    ['unix@rel.sock', 'unix rel.sock 0'],
    ['abns@name', 'abns name 0'],
    ['fd@7', 'fd 7'],
    ['www.example.org:80', 'name www.example.org 80'],
    ['1.2.3.4:+10', 'ipv4 1.2.3.4 +10'],
    ['1.2.3.4:-10', 'ipv4 1.2.3.4 +-10'],
    ['1.2.3.4:99999', "invalid port '99999'"],
    ['1.2.3.4:9-8', "invalid port range '9-8'"],
    ['1.2.3.400:80', "invalid address: '1.2.3.400' in '1.2.3.400:80'"],
    ['ipv6@1.2.3.4:80', "'1.2.3.4' is not an ipv6 address in 'ipv6@1.2.3.4:80'"],
    ['fd@x', "file descriptor 'x' is not a valid integer in 'fd@x'"],
    ['foo@x', "unknown address prefix 'foo@' in 'foo@x'"],
    ['unix@', "socket path '' is empty or too long"],
  ])('%s', (text, expected) => expect(brief(text)).toBe(expected));

  it('are datagram sockets by keyword or by prefix', () => {
    expect(parseEndpoint('127.0.0.1:514', true)).toHaveProperty('isDatagram', true);
    expect(parseEndpoint('tcp@127.0.0.1:514', true)).toHaveProperty('isDatagram', false);
    expect(parseEndpoint('udp@127.0.0.1:514')).toHaveProperty('isDatagram', true);
    expect(parseEndpoint('/dev/log', true)).toHaveProperty('isDatagram', true);
  });
});
