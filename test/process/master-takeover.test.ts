/** A process takes the place of another: a master takes its sockets (`-W -x`), `-st` ends it although it serves, and a master that
 * may not have a port says whose it is.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { descriptorsOf, startMaster } from '../tool/master.ts';
import { type Proxy, startProxy } from '../tool/proxy.ts';
import { rawClient } from '../tool/raw-socket.ts';
import { scriptedServer } from '../tool/scripted-server.ts';
import { SLOW_MACHINE_MS, until, within } from '../tool/until.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

function config(dir: string): string {
  return `global
  nbthread 1
  stats socket ${dir}/s.sock level admin expose-fd listeners
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 20s
frontend fe
  bind 127.0.0.1:{port:fe}
  http-request return status 200 content-type text/plain lf-string "%pid." unless { path /slow }
  default_backend slow
backend slow
  server s 127.0.0.1:{port:s}
`;
}

async function first(): Promise<{ old: Proxy; cfg: string; socket: string }> {
  const server = await scriptedServer(async (peer) => {
    await peer.receive('\r\n\r\n');
    await until(() => false).catch(() => {});
  });
  const old = await startProxy({ cfg: config('{dir}'), ports: { s: server.port } });
  return { old, cfg: config(old.dir), socket: join(old.dir, 's.sock') };
}

async function pidAt(port: number): Promise<number> {
  const client = await rawClient(port);
  await client.send(GET);
  const { body } = await client.receiveMessage();
  client.close();
  return Number.parseInt(body.toString(), 10);
}

/** The socket that listens on <port>, held by <pid>. */
function inode(pid: number, port: number): string | undefined {
  const wanted = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = readFileSync('/proc/net/tcp', 'latin1').split('\n');
  const cells = rows.map((row) => row.trim().split(/\s+/));
  const held = descriptorsOf(pid).map((line) => line.split(' ')[1]);
  return cells.find(
    ([, local, , state, , , , , , number]) =>
      local === wanted && state === '0A' && held.includes(`socket:[${number}]`),
  )?.[9];
}

it('-W -x: a master takes the listening sockets of a process, and keeps them over its reloads', async () => {
  const { old, cfg, socket } = await first();
  const port = old.ports['fe'] as number;
  const before = inode(old.pid, port);
  expect(before).toMatch(/^\d+$/);
  const master = await startMaster({
    cfg,
    ports: old.ports,
    args: ['-x', socket, '-sf', String(old.pid)],
  });
  expect(await within(old.exited, SLOW_MACHINE_MS, 'the end of the old process')).toMatchObject({ code: 0 });
  expect(inode(master.pid, port)).toBe(before);
  const worker = await master.current();
  expect(await pidAt(port)).toBe(worker);
  process.kill(master.pid, 'SIGUSR2');
  const next = await master.replaced(worker);
  expect(inode(master.pid, port)).toBe(before);
  expect(await pidAt(port)).toBe(next);
});

it('-st: the old process ends at once, with the request that it serves', async () => {
  const { old, cfg, socket } = await first();
  const port = old.ports['fe'] as number;
  const busy = await rawClient(port);
  await busy.send('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
  await until(async () => {
    const api = await rawClient(socket);
    await api.send('show stat slow 2 -1 typed\n');
    const { bytes } = await api.receiveEnd();
    return /\.scur\.\d+:.*:1\n/.test(bytes);
  });
  const next = await startProxy({
    cfg,
    ports: old.ports,
    args: ['-p', 'pid', '-x', socket, '-st', String(old.pid)],
    readyWhen: (one) => readdirSync(one.dir).includes('pid'),
  });
  const exit = await within(old.exited, SLOW_MACHINE_MS, 'the end of the old process');
  expect(exit).not.toEqual({ code: 1, signal: null });
  await until(() => busy.end !== undefined);
  expect(await pidAt(port)).toBe(next.pid);
});

it('a port that another process has: the master says whose it is', async () => {
  const { old, cfg } = await first();
  const text = cfg.replace(/\n.*stats socket.*/, '');
  const failed = startMaster({ cfg: text, ports: old.ports });
  const why = await failed.then(
    () => 'it serves',
    (error: Error) => error.message,
  );
  expect(why).toContain('cannot bind socket (Address already in use)');
  expect(why).toContain(`held by process ${old.pid} (`);
});
