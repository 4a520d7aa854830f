/** Bodies through the proxy, octet for octet after decoding: every kind of content, framing and size, both directions. */
import { createGunzip } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Proxy as ProxyProcess, startProxy } from '../tool/proxy.ts';
import { type RawSocket, rawClient } from '../tool/raw-socket.ts';
import { type ScriptedServer, scriptedServer } from '../tool/scripted-server.ts';
import { SLOW_MACHINE_MS, until } from '../tool/until.ts';
import {
  bodiesConfiguration,
  bodyOf,
  contents,
  framings,
  isCompressed,
  largeSize,
  type Origin,
  sizes,
  startOrigin,
} from './bodies/origin.ts';

let origin: Origin;
let script: ScriptedServer;
let proxy: ProxyProcess;
/** What the scripted server does with its next connection. */
let scene: (peer: RawSocket) => Promise<void> = async () => undefined;

beforeAll(async () => {
  origin = await startOrigin();
  script = await scriptedServer((peer) => scene(peer));
  proxy = await startProxy({ cfg: bodiesConfiguration, ports: { origin: origin.port, script: script.port } });
});

afterAll(async () => {
  await proxy?.stop();
  await origin?.stop();
  await script?.stop();
});

const urlOf = (listener: string, path: string): string => `http://127.0.0.1:${proxy.ports[listener]}${path}`;

async function fetchBody(
  listener: string,
  path: string,
  init?: RequestInit,
): Promise<{ reply: Response; body: Buffer }> {
  const reply = await fetch(urlOf(listener, path), init);
  return { reply, body: Buffer.from(await reply.arrayBuffer()) };
}

/** Buffer.equals, so that a failure does not print twenty megabytes. */
function expectSame(got: Buffer, wanted: Buffer): void {
  expect(got.length).toBe(wanted.length);
  if (!got.equals(wanted)) {
    expect(`octet ${got.findIndex((byte, index) => byte !== wanted[index])}`).toBe('no different octet');
  }
}

describe('downloads', () => {
  for (const framing of framings) {
    for (const content of contents) {
      test(`${content}, ${framing}, all sizes, plain and gzip`, async () => {
        for (const size of sizes) {
          for (const listener of ['plain', 'gzip']) {
            const { reply, body } = await fetchBody(listener, `/${content}/${size}/${framing}`);
            expect(reply.status).toBe(200);
            expectSame(body, bodyOf(content, size));
            const coding = listener === 'gzip' && isCompressed(content, size) ? 'gzip' : null;
            // What ends with its connection HAProxy leaves alone; compressing it would be right as well.
            if (size > 0 && framing !== 'to-close')
              expect(reply.headers.get('content-encoding')).toBe(coding);
          }
        }
      });
    }
  }

  for (const framing of framings) {
    test(`20 MB, ${framing}, plain and gzip`, async () => {
      for (const content of ['html', 'random'] as const) {
        for (const listener of ['plain', 'gzip']) {
          const { body } = await fetchBody(listener, `/${content}/${largeSize}/${framing}`);
          expectSame(body, bodyOf(content, largeSize));
        }
      }
    });
  }

  test('eight at once', async () => {
    const wanted = bodyOf('html', 1_000_003);
    const all = Array.from({ length: 8 }, () => fetchBody('gzip', '/html/1000003/chunked'));
    for (const { body } of await Promise.all(all)) expectSame(body, wanted);
  });

  test('identity is honoured', async () => {
    const headers = { 'Accept-Encoding': 'identity' };
    const { reply, body } = await fetchBody('gzip', '/html/65536/sized', { headers });
    expect(reply.headers.get('content-encoding')).toBeNull();
    expect(reply.headers.get('content-length')).toBe('65536');
    expectSame(body, bodyOf('html', 65_536));
  });
});

describe('HEAD', () => {
  for (const framing of framings) {
    test(`${framing}: no octet follows, the connection goes on`, async () => {
      for (const listener of ['plain', 'gzip']) {
        const client = await rawClient(proxy.ports[listener]!);
        const fields = 'Host: a\r\nAccept-Encoding: gzip\r\n\r\n';
        await client.send(`HEAD /html/65536/${framing} HTTP/1.1\r\n${fields}`);
        const head = await client.receiveMessage({ noBody: true });
        expect(head.status).toBe(200);
        await client.send(`GET /image/127/sized HTTP/1.1\r\n${fields}`);
        const next = await client.receiveMessage();
        expectSame(next.body, bodyOf('image', 127));
        expect(client.unread).toBe('');
      }
    });
  }
});

describe('uploads', () => {
  for (const size of [...sizes, largeSize]) {
    test(`${size} octets, sized and chunked`, async () => {
      const body = bodyOf('random', size);
      const sized = await fetchBody('plain', '/echo', { method: 'POST', body });
      expectSame(sized.body, body);
      const stream = new Blob([body]).stream();
      const init: RequestInit & { duplex: 'half' } = { method: 'POST', body: stream, duplex: 'half' };
      expectSame((await fetchBody('plain', '/echo', init)).body, body);
    });
  }
});

const eventHead =
  'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n';

/** Sends <pieces> one by one, each when the one before has arrived decoded at the client: a held one never arrives. */
async function eachAtOnce(acceptEncoding: string): Promise<string[]> {
  const pieces = ['data: one\n\n', 'data: two, longer\n\n', 'data: 3\n\n', `data: ${'x'.repeat(3000)}\n\n`];
  let arrived = 0;
  scene = async (peer) => {
    await peer.receiveHead();
    await peer.send(`${eventHead}\r\n`);
    for (const [index, piece] of pieces.entries()) {
      await peer.send(`${piece.length.toString(16)}\r\n${piece}\r\n`);
      await until(() => arrived > index, SLOW_MACHINE_MS, `piece ${index + 1} at the client`);
    }
    await peer.send('0\r\n\r\n');
    peer.socket.end();
  };
  const got: string[] = [];
  const reply = await fetch(urlOf('scripted', '/events'), { headers: { 'Accept-Encoding': acceptEncoding } });
  let text = '';
  for await (const bytes of reply.body!) {
    text += Buffer.from(bytes).toString('latin1');
    while (arrived < pieces.length && text.length >= pieces[arrived]!.length) {
      got.push(text.slice(0, pieces[arrived]!.length));
      text = text.slice(pieces[arrived]!.length);
      arrived++;
    }
  }
  expect(got).toEqual(pieces);
  return got;
}

describe('slow bodies', () => {
  test('each piece of a stream arrives before the next is sent', () => eachAtOnce('identity'));
  test('each compressed piece too', () => eachAtOnce('gzip'));

  test('a client that reads slowly gets everything', async () => {
    const client = await rawClient(proxy.ports['plain']!);
    await client.send('GET /random/20971520/sized HTTP/1.1\r\nHost: a\r\n\r\n');
    const wanted = bodyOf('random', largeSize);
    await client.receiveHead();
    for (let at = 0; at < wanted.length; at += 1_048_576) {
      client.pause();
      await new Promise((resolve) => setImmediate(resolve));
      client.resume();
      expectSame(Buffer.from(await client.receive(1_048_576), 'latin1'), wanted.subarray(at, at + 1_048_576));
    }
  });
});

describe('aborted bodies', () => {
  const endings = [
    ['sized', 'Content-Length: 100000\r\n', (text: string) => text],
    [
      'chunked',
      'Transfer-Encoding: chunked\r\n',
      (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`,
    ],
  ] as const;
  for (const [framing, field, frame] of endings) {
    for (const coding of ['identity', 'gzip']) {
      test(`a server that dies, ${framing}, ${coding}: the client knows`, async () => {
        scene = async (peer) => {
          await peer.receiveHead();
          await peer.send(
            `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n${field}\r\n${frame('x'.repeat(5000))}`,
          );
          peer.socket.end();
        };
        const broken = fetchBody('scripted', '/dies', { headers: { 'Accept-Encoding': coding } });
        await expect(broken).rejects.toThrow();
      });
    }
  }

  test('a client that dies lets go of the server', async () => {
    let ended = false;
    scene = async (peer) => {
      await peer.receiveHead();
      await peer.send('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100000\r\n\r\nsome');
      await peer.receiveEnd();
      ended = true;
    };
    const client = await rawClient(proxy.ports['scripted']!);
    await client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.receive('some');
    client.reset();
    await until(() => ended, SLOW_MACHINE_MS, 'the end of the server connection');
  });

  test('a gzip stream that was cut does not decode as a whole one', async () => {
    scene = async (peer) => {
      await peer.receiveHead();
      await peer.send('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100000\r\n\r\n');
      await peer.send('y'.repeat(30_000));
      peer.socket.end();
    };
    const client = await rawClient(proxy.ports['scripted']!);
    await client.send('GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n');
    const head = await client.receiveHead();
    expect(head).toMatch(/content-encoding: gzip/i);
    const { bytes } = await client.receiveEnd();
    expect(bytes).not.toMatch(/0\r\n\r\n$/);
    const gunzip = createGunzip();
    const ended = new Promise((resolve, reject) => gunzip.once('end', resolve).once('error', reject));
    gunzip.resume();
    gunzip.end(Buffer.from(bytes.replace(/^[0-9a-f]+\r\n/i, ''), 'latin1'));
    await expect(ended).rejects.toThrow();
  });
});
