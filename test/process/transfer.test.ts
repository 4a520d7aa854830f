/** A process takes over from a running one (`-x`, `-sf`): sockets, clients, and what is said when it cannot. */
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { freePort } from '../tool/free-port.ts';
import { type Proxy, runSluice, startProxy } from '../tool/proxy.ts';
import { type RawSocket, rawClient } from '../tool/raw-socket.ts';
import { SLOW_MACHINE_MS, until, within } from '../tool/until.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const CLIENTS = 50;
const LISTENERS = 600;

function config(dir: string, binds: string, expose = 'expose-fd listeners'): string {
  return `global
  nbthread 2
  stats socket ${dir}/s.sock level admin ${expose}
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 20s
frontend fe
${binds}
  http-request return status 200 content-type text/plain lf-string "%pid."
`;
}

async function pidOver(client: RawSocket): Promise<number> {
  await client.send(GET);
  const { body } = await client.receiveMessage();
  return Number(body.toString().replace('.', ''));
}

async function pidAt(place: number | string): Promise<number> {
  const client = await rawClient(place);
  const pid = await pidOver(client);
  client.socket.destroy();
  return pid;
}

/** A first process, and the text of its configuration for a second one. */
async function first(binds: string, expose?: string): Promise<{ old: Proxy; cfg: string; socket: string }> {
  const old = await startProxy(config('{dir}', binds, expose));
  return { old, cfg: config(old.dir, binds.replaceAll('{dir}', old.dir)), socket: join(old.dir, 's.sock') };
}

async function second(cfg: string, old: Proxy, ...args: string[]): Promise<Proxy> {
  const ready = async (one: Proxy) => (await pidAt(old.ports['fe'] as number)) === one.pid;
  let isReady = false;
  return startProxy({
    cfg,
    args,
    ports: old.ports,
    readyWhen: (one) => {
      void ready(one).then(
        (is) => (isReady ||= is),
        () => {},
      );
      return isReady;
    },
  });
}

/** Inodes of the TCP sockets that <pid> listens on. */
function listening(pid: number): Set<string> {
  const rows = readFileSync('/proc/net/tcp', 'latin1').split('\n');
  const all = new Set(
    rows.map((row) => row.trim().split(/\s+/)).flatMap((row) => (row[3] === '0A' ? [row[9]] : [])),
  );
  const held = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    const link = readlinkSync(`/proc/${pid}/fd/${fd}`);
    return /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? [];
  });
  return new Set(held.filter((inode) => all.has(inode)));
}

describe('with -x and -sf', () => {
  it('idle clients keep their connections, and the new process answers on them', async () => {
    const { old, cfg, socket } = await first('  bind 127.0.0.1:{port:fe}');
    const port = old.ports['fe'] as number;
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => rawClient(port)));
    for (const client of clients) expect(await pidOver(client)).toBe(old.pid);
    const next = await second(cfg, old, '-x', socket, '-sf', String(old.pid));
    expect(await within(old.exited, SLOW_MACHINE_MS, 'the end of the old process')).toMatchObject({
      code: 0,
    });
    const pids = await Promise.all(clients.map((client) => pidOver(client)));
    expect(new Set(pids)).toEqual(new Set([next.pid]));
    expect(next.stderr).toBe('');
  });

  it('a third one takes over from the second, the same way', async () => {
    const { old, cfg, socket } = await first('  bind 127.0.0.1:{port:fe}');
    const client = await rawClient(old.ports['fe'] as number);
    expect(await pidOver(client)).toBe(old.pid);
    const next = await second(cfg, old, '-x', socket, '-sf', String(old.pid));
    await old.exited;
    const last = await second(cfg, old, '-x', socket, '-sf', String(next.pid));
    await next.exited;
    expect(await pidOver(client)).toBe(last.pid);
  });

  it('takes sockets of every kind, unix and abstract ones too, and HAPROXY_STATS_SOCKET names the old process', async () => {
    const name = `sluice-transfer-${await freePort()}`;
    const binds = `  bind 127.0.0.1:{port:fe}\n  bind [::1]:{port:six} v6only\n  bind {dir}/fe.sock\n  bind abns@${name}`;
    const { old, cfg, socket } = await first(binds);
    const path = join(old.dir, 'fe.sock');
    const before = statSync(path).ino;
    const ready = (one: Proxy) => existsSync(join(one.dir, 'pid'));
    const next = await startProxy({
      cfg,
      ports: old.ports,
      args: ['-p', 'pid', '-sf', String(old.pid)],
      env: { HAPROXY_STATS_SOCKET: socket },
      readyWhen: ready,
    });
    await old.exited;
    for (const place of [old.ports['fe'], old.ports['six'], path] as (number | string)[]) {
      const client =
        place === old.ports['six']
          ? await connected({ port: place as number, host: '::1' })
          : await connected(typeof place === 'number' ? { port: place } : { path: place });
      expect(client).toContain(`${next.pid}.`);
    }
    expect(await connected({ path: `\0${name}`.padEnd(108, '\0') })).toContain(`${next.pid}.`);
    expect(statSync(path).ino).toBe(before);
  });

  it(`${LISTENERS} listeners keep their inodes`, async () => {
    // Below the ports that tests choose from.
    const base = 9000 + (process.pid % 1000);
    const port = await freePort();
    const binds = `  bind 127.0.0.1:${port}\n  bind 127.77.0.1:${base}-${base + LISTENERS - 1}`;
    const { old, cfg, socket } = await first(binds);
    const before = listening(old.pid);
    expect(before.size).toBeGreaterThanOrEqual(LISTENERS + 1);
    const next = await startProxy({
      cfg,
      args: ['-p', 'pid', '-x', socket, '-sf', String(old.pid)],
      readyWhen: (one) => existsSync(join(one.dir, 'pid')),
    });
    await old.exited;
    expect(listening(next.pid)).toEqual(before);
    expect(await pidAt(port)).toBe(next.pid);
  });
});

async function connected(where: { port?: number; host?: string; path?: string }): Promise<string> {
  const socket = connect(where as { path: string });
  let text = '';
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1');
  });
  socket.on('error', () => socket.destroy());
  socket.write(GET);
  await until(() => text.endsWith('.') || socket.destroyed);
  socket.destroy();
  return text;
}

describe('when it cannot', () => {
  it('nobody there: sockets are bound, and that is said', async () => {
    const proxy = await startProxy({
      cfg: config('{dir}', '  bind 127.0.0.1:{port:fe}'),
      args: ['-x', '/nonexistent/s.sock'],
    });
    expect(proxy.stderr).toContain("Failed to connect to the old process socket '/nonexistent/s.sock'");
    expect(await pidAt(proxy.ports['fe'] as number)).toBe(proxy.pid);
  });

  it('without expose-fd it is refused, and the old process goes on', async () => {
    const { old, socket } = await first('  bind 127.0.0.1:{port:fe}', '');
    const api = await rawClient(socket);
    await api.send('_getsocks\n');
    await api.receiveEnd();
    expect(api.bytesIn).toBe(0);
    const exit = await runSluice(['-db', '-x', socket, '-sf', String(old.pid), '-f', old.cfgPath]);
    expect(exit.code).toBe(1);
    expect(exit.stderr).toContain("its 'stats socket' line needs 'expose-fd listeners'");
    expect(await pidAt(old.ports['fe'] as number)).toBe(old.pid);
  });

  it('the new process fails: the old one serves on, with its listeners', async () => {
    const { old, cfg, socket } = await first('  bind 127.0.0.1:{port:fe}');
    const other = await startProxy(config('{dir}', '  bind 127.0.0.1:{port:fe}'));
    const taken = other.ports['fe'] as number;
    const broken = cfg.replace('  bind', `  bind 127.0.0.1:${taken}\n  bind`);
    const proxy = startProxy({
      cfg: broken,
      ports: old.ports,
      args: ['-x', socket, '-sf', String(old.pid)],
      readyWhen: () => false,
    });
    await expect(proxy).rejects.toThrow(`held by process ${other.pid} `);
    expect(await pidAt(old.ports['fe'] as number)).toBe(old.pid);
  });
});

describe('whoever asks for the sockets may be anything', () => {
  it.each([
    ['closes at once', async (api: RawSocket) => api.socket.destroy()],
    ['never acknowledges', async (api: RawSocket) => until(() => api.end, SLOW_MACHINE_MS)],
    ['resets', async (api: RawSocket) => api.socket.resetAndDestroy?.()],
    ['talks', async (api: RawSocket) => api.send('x'.repeat(100_000)).catch(() => {})],
  ])('one who %s', async (_, misbehave) => {
    const { old, socket } = await first('  bind 127.0.0.1:{port:fe}');
    const count = () => readdirSync(`/proc/${old.pid}/fd`).length;
    await pidAt(old.ports['fe'] as number);
    const before = count();
    for (let round = 0; round < 5; round++) {
      const api = await rawClient(socket);
      await api.send('_getsocks\n');
      await misbehave(api).catch(() => {});
      api.socket.destroy();
    }
    await until(() => count() <= before);
    expect(await pidAt(old.ports['fe'] as number)).toBe(old.pid);
  });

  it('one who hands nothing over gets nothing: _handover without numbers, or without the right', async () => {
    const { socket } = await first('  bind 127.0.0.1:{port:fe}');
    for (const line of ['_handover', '_handover x', '_handover 0', '_handover 99999999999', '_handover 1,']) {
      const api = await rawClient(socket);
      await api.send(`${line}\n`);
      await api.receiveEnd();
      expect(api.bytesIn).toBe(0);
    }
  });
});

describe('signals of who wants the ports', () => {
  it('SIGTTOU lets go of a port, SIGTTIN takes it back', async () => {
    const { old } = await first('  bind 127.0.0.1:{port:fe}');
    const port = old.ports['fe'] as number;
    const idle = await rawClient(port);
    expect(await pidOver(idle)).toBe(old.pid);
    process.kill(old.pid, 'SIGTTOU');
    await until(() => old.stderr.includes('Paused frontend fe.'));
    await expect(rawClient(port)).rejects.toThrow('ECONNREFUSED');
    expect(await pidOver(idle)).toBe(old.pid);
    process.kill(old.pid, 'SIGTTIN');
    await until(() => old.stderr.includes('Resumed frontend fe.'));
    expect(await pidAt(port)).toBe(old.pid);
  });

  it('a port that somebody else took meanwhile is said', async () => {
    const { old } = await first('  bind 127.0.0.1:{port:fe}');
    process.kill(old.pid, 'SIGTTOU');
    await until(() => old.stderr.includes('Paused frontend fe.'));
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(old.ports['fe'] as number, '127.0.0.1', resolve));
    process.kill(old.pid, 'SIGTTIN');
    await until(() => old.stderr.includes('Some proxies refused to resume'));
    await new Promise((resolve) => other.close(resolve));
    process.kill(old.pid, 'SIGTTIN');
    await until(() => old.stderr.includes('Resumed frontend fe.'));
    expect(await pidAt(old.ports['fe'] as number)).toBe(old.pid);
  });
});
