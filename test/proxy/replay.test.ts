/** Real traffic recorded at the system calls (SLUICE_TRACE) and run again under ASan and UBSan by native/test/replay, which
 * must tell policy the same, event for event, to the very end of the process. One thread: a trace is exact for one.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { atTestEnd } from '../tool/at-end.ts';
import { testWith } from '../tool/peer.ts';
import { startProxy } from '../tool/proxy.ts';
import { ask, rawClient } from '../tool/raw-socket.ts';
import { SLOW_MACHINE_MS, until } from '../tool/until.ts';

const run = promisify(execFile);
const NATIVE_TEST = fileURLToPath(new URL('../../native/test', import.meta.url));
const BUILD_BOUND_MS = 900_000;
const LONG = 300_000;
const ROUNDS = 12;

const CFG = `global
  nbthread 1
defaults
  mode http
  log {log} local0
  option httplog
  option redispatch
  retries 2
  timeout client 20s
  timeout server 20s
  timeout connect 20s
frontend hasty
  bind 127.0.0.1:{port:hasty}
  timeout http-request 300ms
frontend fe
  bind 127.0.0.1:{port:fe}
  http-request deny if { path_beg /denied }
  http-request set-header X-Seen yes
  use_backend mute if { path /silent }
  default_backend be
backend be
  balance roundrobin
  http-response set-header X-Passed yes
  compression algo gzip
  compression type text/html
  option httpchk
  server up 127.0.0.1:{port:origin} check inter 100ms maxconn 4
  server away 127.0.0.1:{port:away} check inter 100ms
backend mute
  timeout server 400ms
  server up 127.0.0.1:{port:origin}
listen tcp
  mode tcp
  bind 127.0.0.1:{port:tcp}
  server up 127.0.0.1:{port:origin}
`;

async function startOrigin(): Promise<number> {
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      if (request.url === '/close') request.socket.destroy();
      else if (request.url === '/silent') return;
      else if (request.url === '/long') response.end('x'.repeat(LONG));
      else if (request.url === '/html')
        response.writeHead(200, { 'content-type': 'text/html' }).end('<p>text</p>'.repeat(2000));
      else if (request.url === '/pieces') {
        response.write('one');
        setTimeout(() => response.end('two'), 5);
      } else response.end('hello');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atTestEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** One of everything a client does; answers are read to their end, but not judged here. */
async function someTraffic(fe: number, tcp: number, hasty: number): Promise<void> {
  const kept = await rawClient(fe);
  for (const path of ['/a', '/pieces', '/html', '/long']) {
    await kept.send(`GET ${path} HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n`);
    await kept.receiveMessage();
  }
  await kept.send('GET /a HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(3));
  for (let i = 0; i < 3; i++) await kept.receiveMessage();
  await kept.send(`POST /up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`);
  await kept.receiveMessage();
  kept.close();
  await ask(fe, `POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: ${LONG}\r\n\r\n${'y'.repeat(LONG)}`);
  for (const path of ['/denied', '/close', '/silent'])
    await ask(fe, `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
  await ask(fe, 'BAD\r\n\r\n');
  await ask(hasty, 'GET /slow-head HTTP/1.1\r\n');
  await ask(tcp, 'GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  for (const leave of ['close', 'reset', 'halfClose'] as const) {
    const client = await rawClient(fe);
    await client.send('GET /long HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.receiveHead();
    await client[leave]();
  }
}

testWith(
  ['cc', 'make', 'ar'],
  'what was recorded is what happens again, under sanitizers',
  async () => {
    await run('make', ['-s', '-C', NATIVE_TEST, 'replay'], { timeout: BUILD_BOUND_MS });
    const origin = await startOrigin();
    const dir = mkdtempSync(join(tmpdir(), 'sluice-trace-'));
    atTestEnd(() => rmSync(dir, { recursive: true, force: true }));
    const trace = join(dir, 'trace');
    const proxy = await startProxy({ cfg: CFG, ports: { origin }, env: { SLUICE_TRACE: trace } });
    const { fe = 0, tcp = 0, hasty = 0 } = proxy.ports;
    for (let round = 0; round < ROUNDS; round++) await someTraffic(fe, tcp, hasty);
    await until(() => proxy.logs.lines.length >= ROUNDS * 12, SLOW_MACHINE_MS, 'the log lines');
    const exit = await proxy.stop('SIGUSR1');
    expect(exit).toMatchObject({ code: 0, signal: null });
    const replayed = await run(join(NATIVE_TEST, 'bin/asan/replay'), [`${trace}.0`]);
    expect(replayed.stderr).toBe('');
    expect(replayed.stdout).toMatch(/\d{2,} batches, \d{3,} records, the same/);
  },
  BUILD_BOUND_MS + 240_000,
);
