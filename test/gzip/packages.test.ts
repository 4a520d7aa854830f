/** Packages that many programs compress with, their node:zlib constructors swapped for ours: compression in Express,
 * @fastify/compress, tar and ws. None of them may notice, and each is judged by node:zlib's decoders.
 */
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants, gunzipSync, inflateSync } from 'node:zlib';
import fastifyCompress from '@fastify/compress';
import compression from 'compression';
import express from 'express';
import fastify from 'fastify';
import * as tar from 'tar';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer, WebSocket as WsClient } from 'ws';
import * as ours from '../../src/gzip/index.ts';

const zlib = createRequire(import.meta.url)('node:zlib') as Record<string, unknown>;
const { createGzip, createDeflate, createDeflateRaw, Gzip, Deflate, DeflateRaw } = ours;
const swapped = Object.entries({ createGzip, createDeflate, createDeflateRaw, Gzip, Deflate, DeflateRaw });
const originals = swapped.map(([name]) => Object.getOwnPropertyDescriptor(zlib, name) as PropertyDescriptor);
const page = Buffer.from('<li class="item">to be or not to be</li>\n'.repeat(8000));
const folder = mkdtempSync(join(tmpdir(), 'sluice-packages-'));
let made = 0;

/** <make>, counted: what is never called proves nothing. */
function counted(make: unknown): unknown {
  return new Proxy(make as object, {
    apply: (target, self, given) => ++made && Reflect.apply(target as () => unknown, self, given),
    construct: (target, given) => {
      made++;
      return Reflect.construct(target as () => unknown, given);
    },
  });
}

beforeAll(() => {
  for (const [name, value] of swapped)
    Object.defineProperty(zlib, name, { value: counted(value), configurable: true, writable: true });
  syncBuiltinESMExports();
});

afterAll(() => {
  for (const [at, [name]] of swapped.entries())
    Object.defineProperty(zlib, name, originals[at] as PropertyDescriptor);
  syncBuiltinESMExports();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(() => {
  made = 0;
});

interface Reply {
  readonly encoding: string | undefined;
  readonly body: Buffer;
}

/** A request as a browser sends it, the body as it came. */
async function get(port: number, path: string, encoding: string): Promise<Reply> {
  const sent = request({ port, path, agent: false, headers: { 'accept-encoding': encoding } }).end();
  const [reply] = await once(sent, 'response');
  const pieces: Buffer[] = [];
  for await (const piece of reply) pieces.push(piece as Buffer);
  return { encoding: reply.headers['content-encoding'], body: Buffer.concat(pieces) };
}

test('compression in Express', async () => {
  const app = express();
  let gone: Promise<unknown> = Promise.resolve();
  app.use(compression({ level: 1 }));
  app.get('/page', (_, response) => void response.type('html').send(page));
  app.get('/events', async (_, response) => {
    response.type('text/event-stream');
    gone = once(response, 'close');
    response.write('data: one\n\n');
    response.flush();
  });
  const server = createServer(app).listen(0);
  const { port } = server.address() as AddressInfo;
  const gzipped = await get(port, '/page', 'gzip');
  expect(gzipped.encoding).toBe('gzip');
  expect(gunzipSync(gzipped.body).equals(page)).toBe(true);
  const deflated = await get(port, '/page', 'deflate');
  expect(deflated.encoding).toBe('deflate');
  expect(inflateSync(deflated.body).equals(page)).toBe(true);
  const listening = request({ port, path: '/events', headers: { 'accept-encoding': 'gzip' } }).end();
  const [events] = await once(listening, 'response');
  const [first] = await once(events, 'data');
  expect(gunzipSync(first, { finishFlush: constants.Z_SYNC_FLUSH }).toString()).toBe('data: one\n\n');
  listening.destroy(); // a browser that leaves in the middle of a stream
  await gone;
  server.close();
  expect(made).toBe(3);
});

test('@fastify/compress, for whole bodies and for streams', async () => {
  const app = fastify();
  await app.register(fastifyCompress, {
    zlib: { ...zlib, createGzip: counted(createGzip), createDeflate: counted(createDeflate) },
    threshold: 0,
  });
  app.get('/page', (_, reply) => reply.type('text/html').send(page));
  app.get('/file', (_, reply) => reply.type('text/plain').send(new Blob([page]).stream()));
  for (const [url, encoding, decode] of [
    ['/page', 'gzip', gunzipSync],
    ['/page', 'deflate', inflateSync],
    ['/file', 'gzip', gunzipSync],
  ] as const) {
    const reply = await app.inject({ url, headers: { 'accept-encoding': encoding } });
    expect(reply.headers['content-encoding']).toBe(encoding);
    expect(reply.rawPayload.length).toBeLessThan(page.length / 10);
    expect(decode(reply.rawPayload).equals(page)).toBe(true);
  }
  await app.close();
  expect(made).toBe(3);
});

test('tar, which reaches behind the stream', async () => {
  const source = fileURLToPath(new URL('../../src/gzip', import.meta.url));
  const names = readdirSync(source);
  for (const sync of [true, false]) {
    const file = join(folder, `${sync}.tgz`);
    const options = { gzip: { level: 6 }, file, cwd: source };
    if (sync) tar.create({ ...options, sync }, names);
    else await tar.create(options, names);
    const plain = gunzipSync(readFileSync(file));
    const listed: string[] = [];
    await tar.list({ file, onReadEntry: (entry) => listed.push(entry.path) });
    expect(listed).toEqual(names);
    for (const name of names) expect(plain.includes(readFileSync(join(source, name)))).toBe(true);
  }
  expect(made).toBe(2);
});

test.each([true, false])('ws, with a context of its own for each message: %s', async (isFresh) => {
  const perMessageDeflate = {
    threshold: 0,
    serverNoContextTakeover: isFresh,
    zlibDeflateOptions: { level: 1 },
  };
  const server = new WebSocketServer({ port: 0, perMessageDeflate });
  server.on('connection', (socket: WebSocket) => socket.on('message', (data) => socket.send(data)));
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = new WsClient(`ws://127.0.0.1:${port}`, { perMessageDeflate });
  await once(client, 'open');
  const messages = [1, 5, 125, 126, 5000, 65_536, 300_000].map((length) => Buffer.alloc(length, page));
  const ending = Buffer.from([7, 0, 0, 0xff, 0xff]);
  for (const message of [...messages, ending, ...messages]) {
    client.send(message);
    const [data] = await once(client, 'message');
    expect(Buffer.compare(data as Buffer, message)).toBe(0);
  }
  client.terminate();
  server.close();
  expect(made).toBe(2);
});
