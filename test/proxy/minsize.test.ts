/** minsize-req and minsize-res: a chunked body says no length, but one that came whole with its head shows it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Proxy, startProxy } from '../tool/proxy.ts';
import { rawClient } from '../tool/raw-socket.ts';
import { type ScriptedServer, scriptedServer } from '../tool/scripted-server.ts';

const MINSIZE = 100;
const CFG = `defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend fe
  bind 127.0.0.1:{port:fe}
  default_backend be
backend be
  compression algo-req gzip
  compression algo-res gzip
  compression direction both
  compression minsize-req ${MINSIZE}
  compression minsize-res ${MINSIZE}
  server s 127.0.0.1:{port:origin}
`;
const FIELDS = 'Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n';
const ASK = `POST / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\nConnection: close\r\n${FIELDS}`;
const ANSWER = `HTTP/1.1 200 OK\r\n${FIELDS}`;
const WHOLE = /\r\n0\r\n.*\r\n$/s;

function chunked(size: number, trailers = ''): string {
  return `${size.toString(16)}\r\n${'a'.repeat(size)}\r\n0\r\n${trailers}\r\n`;
}

let server: ScriptedServer;
let proxy: Proxy;
let answer = '';
let asked = '';

beforeAll(async () => {
  server = await scriptedServer(async (peer) => {
    asked = await peer.receiveHead();
    await peer.receive(WHOLE);
    await peer.send(answer);
  });
  proxy = await startProxy({ cfg: CFG, ports: { origin: server.port } });
});

afterAll(async () => {
  await proxy?.stop();
  await server?.stop();
});

/** The heads that the server and the client were given; <pieces> of the request leave once the one before has arrived. */
async function exchange(...pieces: string[]): Promise<{ request: string; response: string }> {
  const client = await rawClient(proxy.ports['fe']!);
  const count = server.peers.length;
  for (const [index, piece] of pieces.entries()) {
    if (index > 0) await server.accepted(count + 1);
    await client.send(piece);
  }
  const response = await client.receiveHead();
  client.close();
  return { request: asked.toLowerCase(), response: response.toLowerCase() };
}

const ENCODED = 'content-encoding: gzip';

describe('a chunked body that is whole at once', () => {
  for (const [name, body, isEncoded] of [
    ['one octet short', chunked(MINSIZE - 1), false],
    ['of that size', chunked(MINSIZE), true],
    ['one octet short, with a trailer', chunked(MINSIZE - 1, 'X-A: b\r\n'), false],
  ] as const) {
    test(`response ${name}`, async () => {
      answer = ANSWER + body;
      expect((await exchange(ASK + chunked(1))).response.includes(ENCODED)).toBe(isEncoded);
    });

    test(`request ${name}`, async () => {
      answer = ANSWER + chunked(1);
      expect((await exchange(ASK + body)).request.includes(ENCODED)).toBe(isEncoded);
    });
  }
});

test('a chunked body that comes after its head may be long: it is encoded', async () => {
  answer = ANSWER + chunked(1);
  expect((await exchange(ASK, chunked(MINSIZE - 1))).request).toContain(ENCODED);
});
