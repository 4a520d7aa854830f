/** How a process ends: soft stop, hard stop, death by a signal, a thread that is gone, under load. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { isTaken } from '../tool/kernel-sockets.ts';
import { endUnderLoad } from '../tool/load.ts';
import { startProxy } from '../tool/proxy.ts';
import { rawClient } from '../tool/raw-socket.ts';
import { scriptedServer } from '../tool/scripted-server.ts';
import { SLOW_MACHINE_MS, until, within } from '../tool/until.ts';

const DEFAULTS = `defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 20s
`;
const PAGE = '  http-request return status 200 content-type text/plain string hello\n';
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

/** Whether nobody listens on <port> any more. */
async function isRefused(port: number): Promise<boolean> {
  const client = await rawClient(port).catch(() => undefined);
  client?.close();
  return client === undefined;
}

describe.each([1, 2])('with nbthread %i', (threads) => {
  const HEAD = `global\n  nbthread ${threads}\n`;

  it('USR1 closes idle connections, lets the others finish, and ends with 0', async () => {
    const server = await scriptedServer(async (peer) => {
      await peer.receive('\r\n\r\n');
      await until(() => isReleased);
      await peer.send('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate');
    });
    let isReleased = false;
    const proxy = await startProxy({
      cfg: `${HEAD}${DEFAULTS}listen l\n  bind 127.0.0.1:{port:fe}\n  server s 127.0.0.1:{port:s}\nfrontend own\n  bind 127.0.0.1:{port:own}\n${PAGE}`,
      ports: { s: server.port },
    });
    const idle = await rawClient(proxy.ports['own'] as number);
    await idle.send(GET);
    await idle.receive('hello');
    const busy = await rawClient(proxy.ports['fe'] as number);
    await busy.send(GET);
    await server.accepted(1);
    proxy.process.kill('SIGUSR1');
    await until(() => idle.end !== undefined, SLOW_MACHINE_MS, 'the idle connection to be closed');
    await until(() => proxy.stderr.includes('Proxy l stopped'));
    await until(() => isRefused(proxy.ports['own'] as number));
    expect(proxy.process.exitCode).toBe(null);
    isReleased = true;
    expect(await busy.receive('late')).toContain('HTTP/1.1 200 OK');
    expect(await within(proxy.exited, SLOW_MACHINE_MS, 'the end')).toEqual({ code: 0, signal: null });
    expect(proxy.stderr).toContain('Proxy l stopped (cumulated conns: FE: 1, BE: 1).');
  });

  it('close-spread-time lets idle connections go one by one; they may ask meanwhile', async () => {
    const proxy = await startProxy(
      `${HEAD}  close-spread-time 2s\n${DEFAULTS}frontend fe\n  bind 127.0.0.1:{port:fe}\n${PAGE}`,
    );
    const ask = async () => {
      const client = await rawClient(proxy.ports['fe'] as number);
      await client.send(GET);
      await client.receive('hello');
      return client;
    };
    const clients = await Promise.all(Array.from({ length: 12 }, ask));
    proxy.process.kill('SIGUSR1');
    await until(() => clients.some((client) => client.end !== undefined));
    expect(clients.some((client) => client.end === undefined)).toBe(true);
    expect(await within(proxy.exited, SLOW_MACHINE_MS, 'the end')).toEqual({ code: 0, signal: null });
    await until(() => clients.every((client) => client.end === 'fin'));
  });

  it('close-spread-time infinite closes nothing, and answers as ever', async () => {
    const proxy = await startProxy(
      `${HEAD}  close-spread-time infinite\n${DEFAULTS}frontend fe\n  bind 127.0.0.1:{port:fe}\n${PAGE}`,
    );
    const client = await rawClient(proxy.ports['fe'] as number);
    await client.send(GET);
    await client.receive('hello');
    proxy.process.kill('SIGUSR1');
    await until(() => proxy.stderr.includes('Proxy fe stopped'));
    await client.send(GET);
    expect(await client.receive('hello')).not.toMatch(/connection: close/i);
    expect(client.end).toBe(undefined);
    client.close();
    expect(await within(proxy.exited, SLOW_MACHINE_MS, 'the end')).toEqual({ code: 0, signal: null });
  });

  it('hard-stop-after ends what a soft stop would wait for', async () => {
    const proxy = await startProxy(
      `${HEAD}  hard-stop-after 300ms\n${DEFAULTS}frontend fe\n  bind 127.0.0.1:{port:fe}\n${PAGE}`,
    );
    const client = await rawClient(proxy.ports['fe'] as number);
    await client.send('GET / HT');
    await isTaken(client);
    proxy.process.kill('SIGUSR1');
    expect(await within(proxy.exited, SLOW_MACHINE_MS, 'the end')).toEqual({ code: 0, signal: null });
    expect(proxy.stderr).toContain('soft-stop running for too long, performing a hard-stop.');
    expect(proxy.stderr).toContain('Proxy fe hard-stopped (1 remaining conns will be closed).');
  });

  it('who is ended by hard-stop-after has a log line', async () => {
    const server = await scriptedServer(async (peer) => {
      const head = await peer.receive('\r\n\r\n');
      if (head.includes('/2 ')) await peer.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');
      await peer.receiveEnd(SLOW_MACHINE_MS);
    });
    const proxy = await startProxy({
      ports: { server: server.port },
      cfg: `${HEAD}  log \${log} local0\n  hard-stop-after 300ms\n${DEFAULTS}frontend fe
  log global
  option httplog
  bind 127.0.0.1:{port:fe}
  default_backend be
backend be
  server s 127.0.0.1:{port:server}
`,
    });
    const port = proxy.ports['fe'] as number;
    const clients = await Promise.all(Array.from({ length: 3 }, () => rawClient(port)));
    for (const [n, client] of clients.entries()) {
      onTestFinished(() => client.close());
      await client.send(`GET /${n} HTTP/1.1\r\nHost: a\r\n\r\n`);
    }
    await server.accepted(clients.length);
    await clients[2]?.receive('half');
    proxy.process.kill('SIGUSR1');
    expect(await within(proxy.exited, SLOW_MACHINE_MS, 'the end')).toEqual({ code: 0, signal: null });
    const lines = proxy.logs.lines.map(({ text }) => text);
    for (const [n, stood] of [' -1 0 - - KH-- ', ' -1 0 - - KH-- ', / 200 \d+ - - KD-- /].entries())
      expect(lines.filter((text) => text.match(stood) && text.includes(`"GET /${n} HTTP/1.1"`))).toHaveLength(
        1,
      );
    expect(lines.join('\n')).toContain('soft-stop running for too long, performing a hard-stop.');
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('%s ends it at once', async (signal) => {
    const proxy = await startProxy(`${HEAD}${DEFAULTS}frontend fe\n  bind 127.0.0.1:{port:fe}\n${PAGE}`);
    const client = await rawClient(proxy.ports['fe'] as number);
    await client.send(GET);
    await client.receive('hello');
    expect(await proxy.stop(signal)).toEqual({ code: null, signal });
    expect(proxy.stderr).toBe('');
  });

  it('HUP and QUIT say how it goes and end nothing', async () => {
    const proxy = await startProxy(
      `${HEAD}${DEFAULTS}listen l\n  bind 127.0.0.1:{port:fe}\n  server s 127.0.0.1:1\n`,
    );
    proxy.process.kill('SIGHUP');
    await until(() => proxy.stderr.includes('SIGHUP: Proxy l has 1 active servers'));
    expect(proxy.stderr).toContain('SIGHUP: Server l/s is UP. Conn: 0 act, 0 pend, 0 tot.');
    proxy.process.kill('SIGQUIT');
    await until(() => proxy.stderr.includes('Dumping pools usage.'));
    expect(proxy.process.exitCode).toBe(null);
  });

  it('ends cleanly under load, every time', async () => {
    for (let round = 0; round < 3; round++) {
      const proxy = await startProxy(
        `${HEAD}  hard-stop-after 50ms\n${DEFAULTS}frontend fe\n  bind 127.0.0.1:{port:fe}\n${PAGE}`,
      );
      const port = proxy.ports['fe'] as number;
      const clients = await Promise.all(Array.from({ length: 20 }, () => rawClient(port)));
      for (const client of clients) {
        client.socket.on('data', () => client.socket.write(GET));
        client.socket.write(GET.repeat(10));
      }
      await until(() => clients.every((client) => client.bytesIn > 0));
      proxy.process.kill('SIGUSR1');
      expect(await within(proxy.exited, SLOW_MACHINE_MS, 'the end')).toEqual({ code: 0, signal: null });
      for (const client of clients) client.socket.destroy();
    }
  });
});

it('a closed standard input and a closed standard error end nothing', async () => {
  const proxy = await startProxy(
    `${DEFAULTS}listen l\n  bind 127.0.0.1:{port:fe}\n${PAGE}  server s 127.0.0.1:1 check inter 50ms\n`,
  );
  proxy.process.stderr?.destroy();
  const client = await rawClient(proxy.ports['fe'] as number);
  for (let i = 0; i < 3; i++) {
    proxy.process.kill('SIGHUP');
    await client.send(GET);
    await client.receive('hello');
  }
  expect(proxy.process.exitCode).toBe(null);
});

describe.each([1, 2])('an end that nobody planned, nbthread %i, under load', (threads) => {
  const CFG = `global
  nbthread ${threads}
  stats socket {dir}/s.sock level admin
${DEFAULTS}frontend fe
  bind 127.0.0.1:{port:fe}
${PAGE}`;

  it('an exception in the data plane ends the process with an alert', async () => {
    const exit = await endUnderLoad(CFG, 'debug dev panic');
    expect(exit.signal).toBe(null);
    expect(exit.code).not.toBe(0);
    expect(exit.stderr).toContain('panic, as asked for by the runtime API');
    if (threads > 1) expect(exit.stderr).toMatch(/\[ALERT\] {4}\(\d+\) : Data thread 1 is gone/);
  });

  it('exit() ends it with its code', async () => {
    const exit = await endUnderLoad(CFG, 'debug dev exit 7');
    expect(exit).toMatchObject({ code: 7, signal: null });
  });
});
