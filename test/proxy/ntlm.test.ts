/** NTLM and Negotiate authenticate a connection, not a request: who was challenged keeps that server connection, alone. */
import { expect, test } from 'vitest';
import { startProxy } from '../tool/proxy.ts';
import { rawClient } from '../tool/raw-socket.ts';
import { scriptedServer } from '../tool/scripted-server.ts';

const CFG = `defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend fe
  bind 127.0.0.1:{port:fe}
  default_backend be
backend be
  balance roundrobin
  http-reuse always
  server s1 127.0.0.1:{port:s1}
  server s2 127.0.0.1:{port:s2}
`;
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const CHALLENGED = [
  '401 Unauthorized\r\nWWW-Authenticate: NTLM',
  '401 Unauthorized\r\nWWW-Authenticate: NTLM TlRM',
  '200 OK',
];

for (const challenges of [CHALLENGED, CHALLENGED.map((text) => text.replace(/NTLM/, 'Nego2'))]) {
  test(`${challenges[0]}: the next requests take the same connection, those of others never`, async () => {
    const server = () =>
      scriptedServer(async (peer, index) => {
        for (let i = 0; (await peer.receiveHead(60_000).catch(() => '')) !== ''; i++) {
          const status = challenges[i] ?? '200 OK';
          await peer.send(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\nX-Place: ${index}.${i}\r\n\r\n`);
        }
      });
    const s1 = await server();
    const s2 = await server();
    const proxy = await startProxy({ cfg: CFG, ports: { s1: s1.port, s2: s2.port } });
    const place = async (client: Awaited<ReturnType<typeof rawClient>>): Promise<string | undefined> => {
      await client.send(GET);
      return (await client.receiveMessage()).field('x-place');
    };
    const first = await rawClient(proxy.ports['fe']!);
    expect([await place(first), await place(first), await place(first)]).toEqual(['0.0', '0.1', '0.2']);
    expect(s1.peers.length + s2.peers.length).toBe(1);
    const second = await rawClient(proxy.ports['fe']!);
    await place(second);
    await place(second);
    expect([await place(first), s1.peers.length + s2.peers.length]).toEqual(['0.3', 2]);
    first.close();
    second.close();
    await proxy.stop();
  });
}
