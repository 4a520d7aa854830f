/** Listeners, servers and checks in a network namespace, listeners on an interface, and both of them when another process takes over.
 * Needs root, and ip(8) to make a namespace.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'vitest';
import { atTestEnd } from '../tool/at-end.ts';
import { testWith } from '../tool/peer.ts';
import { type Proxy, startProxy } from '../tool/proxy.ts';
import { within } from '../tool/until.ts';

const END_MAX_MS = 30_000;

/** A namespace with its loopback up, which ends with the test; undefined when this process may not make one. */
function namespace(ip: string): string | undefined {
  const name = `sluice-${process.pid}`;
  const run = (...words: string[]) => spawnSync(ip, words, { timeout: END_MAX_MS }).status === 0;
  if (!run('netns', 'add', name)) return undefined;
  atTestEnd(() => {
    run('netns', 'del', name);
  });
  return run('-n', name, 'link', 'set', 'lo', 'up') ? name : undefined;
}

function inside(ip: string, name: string, port: number): string {
  const script = `fetch('http://127.0.0.1:${port}/').then((r) => r.text()).then((t) => process.stdout.write(t))`;
  const words = ['netns', 'exec', name, process.execPath, '-e', script];
  return spawnSync(ip, words, { encoding: 'latin1', timeout: END_MAX_MS }).stdout;
}

function config(name: string, socket: string): string {
  return `global
  nbthread 2
  stats socket ${socket} level admin expose-fd listeners
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 20s
frontend within
  bind 127.0.0.1:{port:in} namespace ${name}
  http-request return status 200 content-type text/plain lf-string "inside %pid"
frontend device
  bind 127.0.0.1:{port:lo} interface lo
  http-request return status 200 content-type text/plain lf-string "lo %pid"
listen through
  bind 127.0.0.1:{port:fe}
  option httpchk
  server s 127.0.0.1:{port:in} namespace ${name} check inter 50ms
  server nowhere 127.0.0.1:{port:in} check inter 50ms fall 1
`;
}

async function get(port: number): Promise<string> {
  return (await fetch(`http://127.0.0.1:${port}/`)).text();
}

async function expectServed(ip: string, name: string, { pid, ports }: Proxy): Promise<void> {
  const [within, through, device] = ['in', 'fe', 'lo'].map((one) => ports[one] as number) as [
    number,
    number,
    number,
  ];
  expect(inside(ip, name, within)).toBe(`inside ${pid}`);
  await expect(get(within)).rejects.toThrow();
  expect(await get(device)).toBe(`lo ${pid}`);
  // The server without a namespace is found dead by its check; the other is alive by its own.
  for (let round = 0; round < 4; round++) expect(await get(through)).toBe(`inside ${pid}`);
}

testWith(
  ['ip'],
  'namespaces and interfaces, and a process that takes them over',
  async ([ip = ''], { skip }) => {
    const name = namespace(ip);
    if (name === undefined) return skip('no right to make a network namespace');
    const readyWhen = (one: Proxy) => one.stderr.includes('nowhere is DOWN');
    const old = await startProxy({ cfg: config(name, '{dir}/s.sock'), readyWhen });
    await expectServed(ip, name, old);
    const socket = join(old.dir, 's.sock');
    const next = await startProxy({
      cfg: config(name, socket),
      ports: old.ports,
      args: ['-x', socket, '-sf', String(old.pid)],
      readyWhen,
    });
    expect((await within(old.exited, END_MAX_MS, 'the end of the old process')).code).toBe(0);
    await expectServed(ip, name, next);
    expect(next.stderr).not.toContain('ALERT');
  },
);

testWith(['ip'], 'a namespace or interface that is not there is named', async () => {
  const start = (line: string) =>
    startProxy(`defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 20s
listen fe
${line}
`);
  await expect(start('  bind 127.0.0.1:{port:fe} namespace nonexistent')).rejects.toThrow(
    "cannot open namespace 'nonexistent' (No such file or directory)",
  );
  await expect(start('  bind 127.0.0.1:{port:fe} interface nonexistent')).rejects.toThrow(
    "cannot bind receiver to device 'nonexistent'",
  );
  await expect(
    start('  bind 127.0.0.1:{port:fe}\n  server s 127.0.0.1:80 namespace nonexistent'),
  ).rejects.toThrow("cannot open namespace 'nonexistent' (No such file or directory)");
});
