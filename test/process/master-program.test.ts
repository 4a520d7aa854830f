/** A master whose own program changes on disk: it goes on as the new one, or as the old one when that does not start. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { descriptorsOf, isRunning, startMaster } from '../tool/master.ts';
import { rawClient } from '../tool/raw-socket.ts';
import { until } from '../tool/until.ts';

const CFG = `global
  nbthread 1
  no-standby
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 20s
frontend fe
  bind 127.0.0.1:{port:fe}
  http-request return status 200 content-type text/plain string one
`;
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const root = join(import.meta.dirname, '..', '..');
const REPLACED = 'The master goes on with its new program';
let copy = '';

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'sluice-program-'));
  mkdirSync(join(copy, 'build'));
  for (const name of ['package.json', 'bin', 'dist'])
    cpSync(join(root, name), join(copy, name), { recursive: true });
  mkdirSync(join(copy, 'build', 'Release'));
  const addon = join('build', 'Release', 'sluice.node');
  cpSync(join(root, addon), join(copy, addon));
});

afterAll(() => rmSync(copy, { recursive: true }));

/** As if another version had been installed. */
function touch(name: string): void {
  const now = new Date();
  utimesSync(join(copy, 'dist', name), now, now);
}

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

it('is replaced after a reload, with its PID, its sockets, its children and every signal', async () => {
  const master = await startMaster({ cfg: CFG, program: join(copy, 'bin', 'sluice') });
  const port = master.proxy.ports['fe'] as number;
  const idle = await rawClient(port);
  await idle.send(GET);
  await idle.receiveMessage();
  // This one keeps the first worker, which is a child of the program before.
  const busy = await rawClient(port);
  await busy.send('POST / HTTP/1.1\r\nHost: a\r\n');
  const first = await master.current();
  touch('sluice-master.cjs');
  process.kill(master.pid, 'SIGUSR2');
  await until(() => master.proxy.stderr.includes("The master's program has changed: it is replaced."));
  // Whatever the program is doing now, none of these kills it.
  for (let n = 0; n < 30; n++) {
    process.kill(master.pid, 'SIGUSR2');
    await new Promise((resolve) => setImmediate(resolve));
  }
  await until(() => master.proxy.stderr.includes(REPLACED));
  master.rewrite((text) => text.replace('string one', 'string two'));
  process.kill(master.pid, 'SIGUSR2');
  await until(async () => {
    const client = await rawClient(port);
    await client.send(GET);
    const { body } = await client.receiveMessage();
    client.close();
    return body.toString() === 'two';
  });
  await idle.send(GET);
  expect((await idle.receiveMessage()).body.toString()).toBe('two');
  expect(isRunning(first)).toBe(true);
  busy.close();
  await master.replaced(first);
  expect(master.proxy.stderr).toMatch(new RegExp(`Former worker \\(${first}\\) exited with code 0`));
  const exit = await master.proxy.stop('SIGINT');
  expect(exit.code).toBe(130);
  idle.close();
});

it('reads who killed a worker that the program before started, and remembers whom that one lost', async () => {
  const master = await startMaster({ cfg: CFG, program: join(copy, 'bin', 'sluice') });
  process.kill(await master.current(), 'SIGSEGV');
  await until(async () => (await master.ask('show proc')).includes('# deaths of workers: 1,'));
  await until(async () => (await master.current()) > 0);
  touch('sluice-master.cjs');
  await master.ask('reload');
  await until(() => master.proxy.stderr.includes(REPLACED));
  expect(await master.ask('show proc')).toContain('# the last death: SIGSEGV (sent by a process)');
  const worker = await until(() => master.current().then((pid) => (pid > 0 ? pid : undefined)));
  process.kill(worker as number, 'SIGKILL');
  const said = `Current worker (${worker}) exited with code 137 (Killed), the 2nd death in 15 minutes; a new worker is started. SIGKILL, sent by a process`;
  await until(() => master.proxy.stderr.includes(said));
});

it('leaves no descriptor behind when it is replaced again and again', async () => {
  const master = await startMaster({ cfg: CFG, program: join(copy, 'bin', 'sluice') });
  const counts: number[] = [];
  for (let n = 1; n <= 3; n++) {
    touch('sluice-master.cjs');
    await master.ask('reload');
    await until(() => count(master.proxy.stderr, REPLACED) === n);
    await master.replaced(0);
    counts.push(descriptorsOf(master.pid).length);
  }
  // Whoever asks is a descriptor for a moment: fewer is no leak, and more goes away.
  await until(() => descriptorsOf(master.pid).length <= (counts[1] as number));
});

it('goes on as it was when the new program does not start', async () => {
  const master = await startMaster({ cfg: CFG, program: join(copy, 'bin', 'sluice') });
  const before = await master.current();
  writeFileSync(join(copy, 'dist', 'sluice-master.cjs'), 'throw new Error("half a file");\n');
  expect(await master.ask('reload')).toMatch(/^Success=1/);
  await until(() => master.proxy.stderr.includes("The master's program has changed, but it ends with"));
  await master.replaced(before);
  expect(await master.ask('reload')).toMatch(/^Success=1/);
});
