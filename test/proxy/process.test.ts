/** A process from its start to its end, as whoever starts it sees it: sockets, files, signals, exit codes. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../tool/free-port.ts';
import { runSluice, sluiceProgram, startProxy } from '../tool/proxy.ts';
import { rawClient } from '../tool/raw-socket.ts';
import { SLOW_MACHINE_MS, until, within } from '../tool/until.ts';

const DEFAULTS = `defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 20s
`;
const PAGE = '  http-request return status 200 content-type text/plain string hello\n';

/** One answer over a fresh connection. */
async function get(place: number | string): Promise<string> {
  const client = await rawClient(place);
  await client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  const answer = await client.receive('hello');
  client.socket.destroy();
  return answer;
}

describe('the start', () => {
  it.each([1, 2])('serves with nbthread %i', async (threads) => {
    const proxy = await startProxy(
      `global\n  nbthread ${threads}\n${DEFAULTS}frontend fe\n  bind 127.0.0.1:{port:fe}\n${PAGE}`,
    );
    expect(await get(proxy.ports['fe'] as number)).toContain('HTTP/1.1 200 OK');
    expect(proxy.stderr).toBe('');
  });

  it('gives each of its threads what the configuration names: files of patterns, pages, hosts', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'sluice-named-'));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    writeFileSync(join(dir, 'paths'), '/known\n');
    writeFileSync(join(dir, 'page.html'), 'from a file!');
    const proxy = await startProxy(`global
  nbthread 2
${DEFAULTS}frontend fe
  bind 127.0.0.1:{port:fe}
  http-request return status 200 content-type text/plain file ${dir}/page.html if { path -f ${dir}/paths }
  default_backend be
backend be
  server s localhost:{port:origin}
frontend origin
  bind 127.0.0.1:{port:origin}
  http-request return status 200 content-type text/plain string from-a-name!
`);
    const ask = async (path: string): Promise<string> => {
      const client = await rawClient(proxy.ports['fe'] as number);
      await client.send(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
      return client.receive('!');
    };
    // Which thread takes a connection is the kernel's choice.
    for (let i = 0; i < 20; i++) {
      expect(await ask('/known')).toContain('from a file!');
      expect(await ask('/other')).toContain('from-a-name!');
    }
  });

  it('listens on IPv4, IPv6, a port range, several addresses, a unix path with its mode, an abstract name', async () => {
    const base = await freePort();
    const proxy = await startProxy({
      cfg: `${DEFAULTS}frontend fe
  bind 127.0.0.1:{port:a},[::1]:{port:b}
  bind 127.0.0.1:${base}-${base + 2}
  bind {dir}/front.sock mode 620
  bind abns@sluice-test-${base}
  bind :{port:c}
  bind :::{port:c}
${PAGE}listen through
  bind 127.0.0.1:{port:d}
  server s abns@sluice-test-${base}
`,
      ports: { base },
      readyWhen: (one) => existsSync(join(one.dir, 'front.sock')),
    });
    const { a, c, d } = proxy.ports as { a: number; c: number; d: number };
    for (const port of [a, base, base + 1, base + 2, c, d]) expect(await get(port)).toContain(' 200 ');
    const path = join(proxy.dir, 'front.sock');
    expect(await get(path)).toContain(' 200 ');
    expect(statSync(path).mode & 0o777).toBe(0o620);
    expect(existsSync(`${path}.${proxy.pid}.tmp`)).toBe(false);
  });

  it('takes over an inherited listening socket', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const { fd } = (server as unknown as { _handle: { fd: number } })._handle;
    const dir = (await startProxy(`${DEFAULTS}frontend fe\n  bind 127.0.0.1:{port:x}\n${PAGE}`)).dir;
    const path = join(dir, 'fd.cfg');
    writeFileSync(path, `${DEFAULTS}frontend fe\n  bind "fd@\${FE}"\n${PAGE}`);
    const child = spawn(sluiceProgram, ['-db', '-f', path], {
      env: { ...process.env, FE: '3' },
      stdio: ['ignore', 'pipe', 'pipe', fd],
    });
    // From now on only the child has it.
    server.close();
    try {
      expect(await get(port)).toContain(' 200 ');
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('opens 600 listeners', async () => {
    // Below the ports of other tests, and below those that the kernel gives to clients.
    const first = 9300 + Math.floor(Math.random() * 1000);
    const proxy = await startProxy({
      cfg: `${DEFAULTS}frontend fe\n  bind 127.0.0.1:${first}-${first + 599}\n${PAGE}`,
      readyWhen: () => true,
    });
    await until(() => get(first + 599).catch(() => ''));
    for (const port of [first, first + 300, first + 599]) expect(await get(port)).toContain(' 200 ');
    expect(proxy.stderr).toBe('');
  });

  it('says which address somebody else has, and exits 1', async () => {
    const one = await startProxy(`${DEFAULTS}frontend fe\n  bind 127.0.0.1:{port:fe}\n${PAGE}`);
    const exit = await runSluice(['-db', '-f', one.cfgPath]);
    expect(exit.code).toBe(1);
    expect(exit.stderr).toContain(
      `] for frontend fe: protocol tcpv4: cannot bind socket (Address already in use) for [127.0.0.1:${one.ports['fe']}], held by process ${one.pid} (`,
    );
    const quiet = await runSluice(['-db', '-q', '-f', one.cfgPath]);
    expect([quiet.code, quiet.stderr]).toEqual([1, '']);
  });

  it('refuses a server whose name means nothing; -dr starts all the same', async () => {
    const cfg = `${DEFAULTS}frontend fe\n  bind 127.0.0.1:{port:fe}\n${PAGE}backend be\n  server s name.invalid:80\n`;
    const proxy = await startProxy({ cfg, args: ['-dr'] });
    expect(await get(proxy.ports['fe'] as number)).toContain(' 200 ');
    const exit = await runSluice(['-db', '-f', proxy.cfgPath], { boundMs: 60_000 });
    expect(exit.code).toBe(1);
    expect(exit.stderr).toContain("'server be/s' : could not resolve address 'name.invalid'");
  });

  it('writes its pid where -p says, once it serves', async () => {
    const proxy = await startProxy({
      cfg: `${DEFAULTS}frontend fe\n  bind 127.0.0.1:{port:fe}\n${PAGE}`,
      args: ['-p', 'here.pid'],
    });
    await until(() => existsSync(join(proxy.dir, 'here.pid')));
    expect(readFileSync(join(proxy.dir, 'here.pid'), 'latin1')).toBe(`${proxy.pid}\n`);
  });

  it('replaces an old process: -sf', async () => {
    const cfg = `${DEFAULTS}frontend fe\n  bind 127.0.0.1:{port:fe}\n${PAGE}`;
    const old = await startProxy(cfg);
    const next = await startProxy({
      cfg,
      ports: { fe: old.ports['fe'] as number },
      args: ['-p', 'next.pid', '-sf', String(old.pid)],
      // Somebody listens on the port all along: the file is what says that it is the new one.
      readyWhen: ({ dir }) => existsSync(join(dir, 'next.pid')),
    });
    expect(await within(old.exited, SLOW_MACHINE_MS, 'the old process')).toEqual({ code: 0, signal: null });
    expect(await get(next.ports['fe'] as number)).toContain(' 200 ');
  });
});

describe('limits', () => {
  it('maxconn holds: further clients wait', async () => {
    const proxy = await startProxy(
      `global\n  maxconn 2\n  nbthread 1\n${DEFAULTS}frontend fe\n  bind 127.0.0.1:{port:fe}\n${PAGE}`,
    );
    const port = proxy.ports['fe'] as number;
    const first = await rawClient(port);
    const second = await rawClient(port);
    await first.send('GET / HTTP/1.1\r\n');
    await second.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await second.receive('hello');
    const third = await rawClient(port);
    await third.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await first.send('Host: a\r\nConnection: close\r\n\r\n');
    await first.receive('hello');
    expect(await third.receive('hello')).toContain(' 200 ');
  });
});
