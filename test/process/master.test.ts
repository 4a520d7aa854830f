/** A master and its worker: start, signals, ends. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { descriptorsOf, isRunning, startMaster } from '../tool/master.ts';
import { runSluice } from '../tool/proxy.ts';
import { rawClient } from '../tool/raw-socket.ts';
import { SLOW_MACHINE_MS, until, within } from '../tool/until.ts';

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

async function bodyFrom(port: number): Promise<string> {
  const client = await rawClient(port);
  await client.send(GET);
  const { body } = await client.receiveMessage();
  client.close();
  return body.toString();
}

describe('a master', () => {
  it('keeps its PID and moves no data: a worker does', async () => {
    const master = await startMaster({ cfg: CFG, args: ['-p', 'pid'] });
    const worker = await master.current();
    expect(worker).not.toBe(master.pid);
    expect(readFileSync(join(master.proxy.dir, 'pid'), 'latin1')).toBe(`${master.pid}\n`);
    expect(await bodyFrom(master.proxy.ports['fe'] as number)).toBe('one');
    expect(await master.ask('@1 show info')).toContain(`\nPid: ${worker}\n`);
  });

  it('is what the configuration may ask for, too', async () => {
    const cfg = CFG.replace('no-standby', 'no-standby\n  master-worker');
    const master = await startMaster({ cfg });
    expect(await master.current()).not.toBe(master.pid);
  });

  it('gives its workers no descriptor of its parent', async () => {
    const master = await startMaster(CFG);
    const isStrange = (one: string) => /pipe:|socket:/.test(one);
    const worker = await master.current();
    const of = (pid: number) =>
      descriptorsOf(pid)
        .filter(isStrange)
        .map((one) => one.split(' ')[1]);
    // What it shares with the master: stdout and stderr, the listener.
    const shared = of(worker).filter((name) => of(master.pid).includes(name));
    expect(new Set(shared).size).toBe(3);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 0],
    ['SIGUSR1', 0],
  ] as const)('%s ends it with %i, and its worker', async (signal, code) => {
    const master = await startMaster(CFG);
    const worker = await master.current();
    const exit = await master.proxy.stop(signal);
    expect(exit.code).toBe(code);
    expect(isRunning(worker)).toBe(false);
  });

  it('that is killed takes its worker with it', async () => {
    const master = await startMaster(CFG);
    const worker = await master.current();
    process.kill(master.pid, 'SIGKILL');
    await until(() => !isRunning(worker));
    // Nobody holds stdout any more: the end of the process is seen.
    await within(master.proxy.exited, SLOW_MACHINE_MS, 'the end of stdout');
  });

  it('USR1 lets a request finish', async () => {
    const master = await startMaster(CFG.replace('string one', 'string one if { path /now }'));
    const port = master.proxy.ports['fe'] as number;
    const client = await rawClient(port);
    await client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n');
    await client.send('body');
    await client.receiveMessage();
    const exit = await master.proxy.stop('SIGUSR1');
    expect(exit.code).toBe(0);
  });

  it('with a bad configuration ends with 1, and says why', async () => {
    const file = join(import.meta.dirname, '..', 'config', 'broken');
    const { code, stderr } = await runSluice(['-W', '-f', join(file, 'nothing-like-this.cfg')]);
    expect(code).toBe(1);
    expect(stderr).toContain('Cannot open configuration file/directory');
  });

  it('with a taken port ends with 1, and says so', async () => {
    const first = await startMaster(CFG);
    const path = join(first.proxy.dir, 'second.cfg');
    writeFileSync(path, CFG.replace('{port:fe}', String(first.proxy.ports['fe'])));
    const { code, stderr } = await runSluice(['-W', '-f', path]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/cannot bind socket \(Address already in use\)/);
  });
});
