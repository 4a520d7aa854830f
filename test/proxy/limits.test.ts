/** What a proxy does at limits that are not its own: out of descriptors it stops accepting, burns no CPU, and goes on when some come
 * back; a log target that nobody reads, or that is gone, costs its lines and nothing else.
 */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { testWith } from '../tool/peer.ts';
import { type Proxy, startProxy } from '../tool/proxy.ts';
import { type RawSocket, rawClient } from '../tool/raw-socket.ts';
import { SLOW_MACHINE_MS, until } from '../tool/until.ts';

const run = promisify(execFile);
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const CLIENTS = 40;
const DESCRIPTORS_MORE = 12;
const LOOK_MS = 1500;
/** Who burns has a quarter of a CPU even on a busy machine; who waits needs next to nothing. */
const CPU_MAX_MS = 250;
/** More than a pipe and Node's buffers before it hold. */
const LINES = 6000;

function cfg(threads: number, more: string): string {
  return `global
  nbthread ${threads}
  maxconn 1000
  stats socket {dir}/s.sock
${more}
defaults
  mode http
  timeout client 120s
frontend fe
  bind 127.0.0.1:{port:fe}
  log global
  log-format "a line that is long enough to fill what lies between the proxy and its reader %HU"
  http-request return status 200 content-type text/plain string hello
`;
}

/** CPU of all threads so far, ms: utime and stime of /proc/PID/stat, in ticks of 10 ms. */
function cpuMs(proxy: Proxy): number {
  const stat = readFileSync(`/proc/${proxy.pid}/stat`, 'latin1');
  const words = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(words[11]) + Number(words[12])) * 10;
}

function countServed(clients: readonly RawSocket[]): number {
  return clients.filter((client) => client.unread.endsWith('hello')).length;
}

async function showInfo(proxy: Proxy, name: string): Promise<number> {
  const text = await new Promise<string>((resolve, reject) => {
    let said = '';
    const socket = connect(join(proxy.dir, 's.sock'), () => socket.end('show info\n'));
    socket.on('data', (bytes) => {
      said += bytes.toString('latin1');
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(said));
  });
  return Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
}

describe.each([1, 2])('with nbthread %i', (threads) => {
  testWith(
    ['prlimit'],
    'out of descriptors: accepting pauses without CPU, and goes on',
    async ([prlimit = '']) => {
      const proxy = await startProxy(cfg(threads, ''));
      const open = readdirSync(`/proc/${proxy.pid}/fd`).length;
      await run(prlimit, [`--pid=${proxy.pid}`, `--nofile=${open + DESCRIPTORS_MORE}`]);
      const clients = await Promise.all(
        Array.from({ length: CLIENTS }, () => rawClient(proxy.ports['fe'] as number)),
      );
      for (const client of clients) await client.send(GET);
      await until(
        () => countServed(clients) >= DESCRIPTORS_MORE - 4,
        SLOW_MACHINE_MS,
        'those for whom there are descriptors',
      );
      await showInfo(proxy, 'Maxconn').catch(() => undefined); // turned away: there is no descriptor for it either
      const before = cpuMs(proxy);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      expect(cpuMs(proxy) - before).toBeLessThan(CPU_MAX_MS);
      expect(countServed(clients)).toBeLessThan(CLIENTS);
      let left = clients;
      for (let round = 0; left.length > 0 && round < CLIENTS; round++) {
        const served = countServed(left);
        for (const client of left) if (client.unread.endsWith('hello')) client.close();
        left = left.filter((client) => !client.unread.endsWith('hello'));
        if (served < CLIENTS)
          await until(
            () => left.length === 0 || countServed(left) > 0,
            SLOW_MACHINE_MS,
            'the next to be served',
          );
      }
      expect(left.length).toBe(0);
      expect(await showInfo(proxy, 'Maxconn')).toBe(1000);
    },
  );

  test('a log that nobody reads: requests are served, lost lines are counted, later lines come', async () => {
    const proxy = await startProxy(cfg(threads, '  log stdout format raw local0'));
    proxy.process.stdout?.pause();
    const client = await rawClient(proxy.ports['fe'] as number);
    const other = await rawClient(proxy.ports['fe'] as number);
    for (let i = 0; i < LINES; i += 100) {
      await Promise.all([client.send(GET.repeat(50)), other.send(GET.repeat(50))]);
      for (const each of [client, other]) for (let k = 0; k < 50; k++) await each.receiveMessage();
    }
    const dropped = () => showInfo(proxy, 'DroppedLogs');
    await until(async () => (await dropped()) > 0, SLOW_MACHINE_MS, 'lost lines to be counted');
    proxy.process.stdout?.resume();
    await until(() => proxy.stdout.length > 0);
    let requests = LINES;
    await until(
      async () => {
        await client.send('GET /after HTTP/1.1\r\nHost: a\r\n\r\n');
        await client.receiveMessage();
        requests++;
        return proxy.stdout.includes('/after\n');
      },
      SLOW_MACHINE_MS,
      'the line of a request after the stall',
    );
    const lines = () => proxy.stdout.split('\n').filter((line) => line.startsWith('a line that')).length;
    expect(lines()).toBeGreaterThan(1);
    await until(
      async () => lines() + (await dropped()) === requests,
      SLOW_MACHINE_MS,
      () => `${requests} lines, of which ${lines()} came, the rest counted`,
    );
  });

  test.each([
    ['a socket that is not there', '{dir}/nobody.sock'],
    ['a port where nobody listens any more', '{log}'],
  ])('%s for a log target costs nothing but the lines', async (_, target) => {
    const proxy = await startProxy(cfg(threads, `  log ${target} local0`));
    if (target === '{log}') await proxy.logs.stop();
    const client = await rawClient(proxy.ports['fe'] as number);
    for (let round = 0; round < 5; round++) {
      await client.send(GET.repeat(20));
      for (let k = 0; k < 20; k++) await client.receiveMessage();
    }
    if (target !== '{log}')
      await until(async () => (await showInfo(proxy, 'DroppedLogs')) === 100, SLOW_MACHINE_MS, '100 drops');
  });
});
