/** maxcomprate and tune.comp.maxlevel in a running proxy: what is over the limit goes uncompressed, and says so in its counters. */
import { connect } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { type Proxy, startProxy } from '../tool/proxy.ts';
import { rawClient } from '../tool/raw-socket.ts';
import { type ScriptedServer, scriptedServer } from '../tool/scripted-server.ts';
import { until } from '../tool/until.ts';

const BODY = 'The quick brown fox jumps over the lazy dog, '.repeat(1000);
const GET = 'GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n';

async function origin(): Promise<ScriptedServer> {
  const head = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${BODY.length}\r\n\r\n`;
  return scriptedServer(async (peer) => {
    while ((await peer.receiveHead(60_000).catch(() => '')) !== '') await peer.send(head + BODY);
  });
}

function cfg(global: string): string {
  return `global
  stats socket {dir}/s.sock level admin
${global}
defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
listen www
  bind 127.0.0.1:{port:www}
  compression algo gzip
  compression type text/plain
  server s 127.0.0.1:{port:origin}
`;
}

/** The octets that were sent for one request, and whether they were encoded. */
async function ask(proxy: Proxy): Promise<{ isEncoded: boolean; length: number }> {
  const client = await rawClient(proxy.ports['www']!);
  await client.send(GET);
  const reply = await client.receiveMessage();
  client.close();
  const isEncoded = reply.field('content-encoding') === 'gzip';
  expect((isEncoded ? gunzipSync(reply.body) : reply.body).toString('latin1')).toBe(BODY);
  return { isEncoded, length: reply.body.length };
}

function command(proxy: Proxy, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const socket = connect(join(proxy.dir, 's.sock'), () => socket.end(`${text}\n`));
    socket.on('data', (bytes) => {
      said += bytes.toString('latin1');
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(said));
  });
}

describe('compression limits', () => {
  test('over maxcomprate new streams go uncompressed, and are encoded again when it is quiet', async () => {
    const server = await origin();
    const proxy = await startProxy({ cfg: cfg('  maxcomprate 100'), ports: { origin: server.port } });
    expect((await ask(proxy)).isEncoded).toBe(true);
    await until(async () => !(await ask(proxy)).isEncoded, 10_000, 'a response that is not encoded');
    await until(async () => (await ask(proxy)).isEncoded, 20_000, 'one that is encoded again');
    expect(await command(proxy, 'show info')).toContain('CompressBpsRateLim: 102400\n');
    await proxy.stop();
  });

  test('tune.comp.maxlevel 2 takes two passes: fewer octets', async () => {
    const server = await origin();
    const one = await startProxy({ cfg: cfg(''), ports: { origin: server.port } });
    const two = await startProxy({ cfg: cfg('  tune.comp.maxlevel 2'), ports: { origin: server.port } });
    expect((await ask(two)).length).toBeLessThan((await ask(one)).length);
    await one.stop();
    await two.stop();
  });
});
