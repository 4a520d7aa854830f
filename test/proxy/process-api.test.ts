/** The runtime API and the checks through a real process: sockets, levels, bounds, and what a command changes for traffic. */
import { statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Proxy, startProxy } from '../tool/proxy.ts';
import { rawClient } from '../tool/raw-socket.ts';
import { scriptedServer } from '../tool/scripted-server.ts';
import { until } from '../tool/until.ts';

const DEFAULTS = `defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 20s
`;
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';

/** Sends <line>, shuts its side, reads to the end. */
function ask(place: string | number, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = typeof place === 'string' ? connect(place) : connect(place, '127.0.0.1');
    let text = '';
    socket.on('data', (data) => {
      text += data.toString('latin1');
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
    socket.end(`${line}\n`);
  });
}

async function status(proxy: Proxy): Promise<string> {
  const client = await rawClient(proxy.ports['fe'] as number);
  await client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  const line = await client.receive('\r\n');
  client.socket.destroy();
  return line.trim();
}

function answering() {
  return scriptedServer(async (peer) => {
    // Until the proxy closes the connection.
    while ((await peer.receive('\r\n\r\n', 60_000).catch(() => '')) !== '') await peer.send(OK);
  });
}

describe('the stats socket', () => {
  it('listens on a path with its mode, on TCP, each with its level', async () => {
    const proxy = await startProxy(`global
  stats socket {dir}/admin.sock level admin mode 600
  stats socket {dir}/user.sock level user
  stats socket 127.0.0.1:{port:api}
${DEFAULTS}listen l
  bind 127.0.0.1:{port:fe}
  server s 127.0.0.1:1
`);
    const admin = join(proxy.dir, 'admin.sock');
    expect(statSync(admin).mode & 0o777).toBe(0o600);
    expect(await ask(admin, 'show cli level')).toBe('admin\n\n');
    expect(await ask(join(proxy.dir, 'user.sock'), 'show cli level')).toBe('user\n\n');
    expect(await ask(proxy.ports['api'] as number, 'show cli level')).toBe('operator\n\n');
    expect(await ask(proxy.ports['api'] as number, 'disable server l/s')).toBe('Permission denied\n\n');
    expect(await ask(admin, 'show info')).toContain(`\nPid: ${proxy.pid}\n`);
    expect(await ask(admin, 'show cli sockets')).toContain(`unix@${admin} admin all\n`);
  });

  it('has a bound on connections, and one on silence', async () => {
    const proxy = await startProxy(`global
  stats socket {dir}/s.sock level admin
  stats maxconn 2
  stats timeout 2s
${DEFAULTS}listen l
  bind 127.0.0.1:{port:fe}
  server s 127.0.0.1:1
`);
    const path = join(proxy.dir, 's.sock');
    const first = await rawClient(path);
    const second = await rawClient(path);
    await first.send('prompt\n');
    await first.receive('> ');
    await second.send('prompt\n');
    await second.receive('> ');
    const third = await rawClient(path);
    await until(() => third.end !== undefined);
    await until(() => first.end !== undefined && second.end !== undefined);
    // The proxy may learn later than its clients that they are gone.
    const isAnswered = (text: string): boolean => text.startsWith('3.5');
    await until(() => ask(path, 'show version').then(isAnswered, () => false));
  });

  it.each([1, 2])('changes what traffic meets at once (nbthread %i)', async (threads) => {
    const server = await answering();
    const proxy = await startProxy({
      cfg: `global
  nbthread ${threads}
  stats socket {dir}/s.sock level admin
${DEFAULTS}listen l
  bind 127.0.0.1:{port:fe}
  server s 127.0.0.1:{port:s}
`,
      ports: { s: server.port },
    });
    const path = join(proxy.dir, 's.sock');
    expect(await status(proxy)).toBe('HTTP/1.1 200 OK');
    expect(await ask(path, 'disable server l/s')).toBe('\n');
    expect(await status(proxy)).toBe('HTTP/1.1 503 Service Unavailable');
    expect(await ask(path, 'enable server l/s')).toBe('\n');
    expect(await status(proxy)).toBe('HTTP/1.1 200 OK');
    await ask(path, 'set weight l/s 0');
    expect(await status(proxy)).toBe('HTTP/1.1 503 Service Unavailable');
    const row = (await ask(path, 'show stat l 4 1')).split('\n')[1] as string;
    expect(row.split(',')[7]).toBe('2');
    await ask(path, 'clear counters all');
    expect(((await ask(path, 'show stat l 4 1')).split('\n')[1] as string).split(',')[7]).toBe('0');
  });
});

describe('checks', () => {
  it.each([1, 2])('take a server out and bring it back (nbthread %i)', async (threads) => {
    let isHealthy = true;
    const server = await scriptedServer(async (peer) => {
      // A check may be gone before it is answered.
      const head = await peer.receive('\r\n\r\n').catch(() => '');
      const isCheck = head.startsWith('GET /health');
      const sick = 'HTTP/1.1 500 Sick\r\nContent-Length: 0\r\n\r\n';
      await peer.send(isCheck && !isHealthy ? sick : OK).catch(() => undefined);
      peer.socket.end();
    });
    const proxy = await startProxy({
      cfg: `global
  nbthread ${threads}
${DEFAULTS}listen l
  bind 127.0.0.1:{port:fe}
  log {log} local0
  option httpchk GET /health
  timeout check 20s
  server s 127.0.0.1:{port:s} check inter 300ms rise 2 fall 2
`,
      ports: { s: server.port },
    });
    expect(await status(proxy)).toBe('HTTP/1.1 200 OK');
    isHealthy = false;
    const down = await proxy.logs.find(/Server l\/s is DOWN/);
    expect(down).toMatchObject({ level: 1, pid: proxy.pid });
    expect(down.text).toMatch(
      /^Server l\/s is DOWN, reason: Layer7 wrong status, code: 500, info: "Sick", check duration: \d+ms\. 0 active and 0 backup servers left\. 0 sessions active, 0 requeued, 0 remaining in queue\.$/,
    );
    expect((await proxy.logs.find(/no server/)).text).toBe('proxy l has no server available!');
    expect(await status(proxy)).toBe('HTTP/1.1 503 Service Unavailable');
    await until(() => proxy.stderr.includes('[WARNING]  ('));
    isHealthy = true;
    expect((await proxy.logs.find(/is UP/)).level).toBe(5);
    expect(await status(proxy)).toBe('HTTP/1.1 200 OK');
  });

  it('let requests that wait in a queue go elsewhere when a server comes up', async () => {
    const server = await answering();
    const silent = await scriptedServer([{ wait: 'end', boundMs: 60_000 }]);
    const proxy = await startProxy({
      cfg: `global
  stats socket {dir}/s.sock level admin
${DEFAULTS}  timeout queue 60s
listen l
  bind 127.0.0.1:{port:fe}
  balance roundrobin
  server busy 127.0.0.1:{port:silent} maxconn 1
  server other 127.0.0.1:{port:s} maxconn 1 disabled
`,
      ports: { s: server.port, silent: silent.port },
    });
    const path = join(proxy.dir, 's.sock');
    const first = await rawClient(proxy.ports['fe'] as number);
    await first.send('GET /1 HTTP/1.1\r\nHost: a\r\n\r\n');
    await silent.accepted(1);
    const second = await rawClient(proxy.ports['fe'] as number);
    await second.send('GET /2 HTTP/1.1\r\nHost: a\r\n\r\n');
    await until(async () => (await ask(path, 'show stat l 2 0')).split('\n')[1]?.split(',')[2] === '1');
    await ask(path, 'enable server l/other');
    expect(await second.receive('hi')).toContain(' 200 ');
  });
});
