/** What a start computes: connections from descriptors, fullconn from frontends, sockets from addresses. */
import { describe, expect, it } from 'vitest';
import type { ListenerAddress } from '../model/listener.ts';
import { parseConfiguration } from '../section/configuration.ts';
import { makeSources } from '../section/sources.ts';
import { listenerSockaddr, logTargetSockaddr, resolveServers, serverSockaddr } from './addresses.ts';
import { fullconns } from './fullconn.ts';
import { computeLimits, idealMaxconn } from './limits.ts';
import { addressText, bindFault } from './sockets.ts';

function read(text: string) {
  const file = { name: 't.cfg', text };
  return parseConfiguration(makeSources([file], { localPeer: 'p', maxconn: 0, proxyMaxconn: 0 }, {}))
    .configuration;
}

function at(kind: ListenerAddress['kind'], host: string, port = 0, fd = -1): ListenerAddress {
  return { kind, host, port, fd, source: '' };
}

describe('maxconn', () => {
  const CHECKED =
    'backend b\n  server a 127.0.0.1:1 check\n  server b 127.0.0.1:1 check\n  server c 127.0.0.1:1 check\n  server d 127.0.0.1:1 check\n';

  // Recorded from HAProxy 3.5 with 20000 descriptors and two threads.
  it.each([
    ['two listeners', 'frontend f\n  bind :1001\n  bind :1002\n', 9991],
    [
      'a listener, a stats socket, four checks',
      `global\n  stats socket /s\nfrontend f\n  bind :1001\n${CHECKED}`,
      9984,
    ],
    ['four listeners, a stats socket', 'global\n  stats socket /s\nfrontend f\n  bind :1001-1004\n', 9984],
  ])('follows from descriptors: %s', (_, text, maxconn) => {
    expect(idealMaxconn(read(text), 2, 20_000)).toBe(maxconn);
  });

  it('is at least 100, and what was configured', () => {
    expect(idealMaxconn(read('frontend f\n  bind :1001\n'), 2, 64)).toBe(100);
    expect(computeLimits(read('global\n  maxconn 77\n'), 2, 20_000).maxconn).toBe(77);
  });

  it('leaves room for pipes when bodies may be spliced', () => {
    const plain = idealMaxconn(read('frontend f\n  bind :1001\n'), 1, 20_000);
    const spliced = idealMaxconn(read('frontend f\n  option splice-auto\n  bind :1001\n'), 1, 20_000);
    expect(spliced).toBe(Math.floor((plain * 4) / 5));
  });
});

it('fullconn is a tenth of what frontends may send, at least 1', () => {
  const text = `frontend a
  bind :1001
  maxconn 95
  default_backend x
frontend b
  bind :1002
  maxconn 40
  use_backend y if TRUE
backend x
backend y
  fullconn 7
backend z
listen l
  bind :1003
`;
  const configuration = read(text);
  const byName = Object.fromEntries(
    fullconns(configuration, 1000).map((value, index) => [configuration.proxies[index]?.name, value]),
  );
  expect(byName).toMatchObject({ x: 10, y: 7, z: 1, l: 100 });
});

describe('addresses', () => {
  it("are the kernel's bytes; abstract names fill the whole structure as HAProxy's do", () => {
    expect([...listenerSockaddr(at('ipv4', '', 80))]).toEqual([
      2, 0, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ]);
    expect(listenerSockaddr(at('ipv6', '::1', 80))).toHaveLength(28);
    expect(Buffer.from(listenerSockaddr(at('unix', '/a'))).toString('latin1')).toBe('\x01\0/a\0');
    const abstract = listenerSockaddr(at('abns', 'n'));
    expect([abstract.length, ...abstract.subarray(0, 5)]).toEqual([110, 1, 0, 0, 110, 0]);
    expect(listenerSockaddr(at('fd', '', 0, 3))).toHaveLength(0);
    expect(serverSockaddr(undefined)).toHaveLength(0);
  });

  it('are looked up once, literals never; a server without an address is named', async () => {
    const configuration = read(
      'backend b\n  server l localhost:80\n  server n name.invalid:80\n  server o name.invalid:80 init-addr none\n  server p name.invalid:80 init-addr libc,127.0.0.9\n',
    );
    const errors = await resolveServers(configuration);
    expect(errors).toEqual(["[t.cfg:3] : 'server b/n' : could not resolve address 'name.invalid'."]);
    const hosts = configuration.servers.map((server) => server.resolved?.host);
    expect(hosts.slice(1)).toEqual([undefined, undefined, '127.0.0.9']);
    expect(['127.0.0.1', '::1']).toContain(hosts[0]);
  });

  it('of log targets', async () => {
    const target = { kind: 'udp', host: '127.0.0.1', port: 514, fd: -1, source: '' } as const;
    expect([...(await logTargetSockaddr(target))].slice(0, 8)).toEqual([2, 0, 2, 2, 127, 0, 0, 1]);
    expect(await logTargetSockaddr({ ...target, host: 'name.invalid' })).toHaveLength(0);
  });

  it('are shown as HAProxy shows them', () => {
    expect(
      [at('ipv4', '', 80), at('ipv6', '', 80), at('abns', 'n'), at('fd', '', 0, 3)].map(addressText),
    ).toEqual(['0.0.0.0:80', ':::80', 'abns@n', 'fd@3']);
    expect(
      bindFault({ file: 'f', line: 2 }, 'frontend x', at('unix', '/s'), {
        error: 'cannot bind UNIX socket (E)',
      }),
    ).toBe('Binding [f:2] for frontend x: protocol unix_stream: cannot bind UNIX socket (E) [/s].');
  });
});
