/** What a worker leaves behind: its state for the next one, its reasons while it is still there, its evidence when it is ended. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Master, startMaster } from '../tool/master.ts';
import { rawClient } from '../tool/raw-socket.ts';
import { until } from '../tool/until.ts';

const CFG = `global
  nbthread 2
  no-standby
defaults
  mode http
  timeout client 120s
  timeout server 120s
  timeout connect 20s
frontend fe
  bind 127.0.0.1:{port:fe}
  default_backend be
backend be
  server s1 127.0.0.1:{port:s1} weight 10
`;

it('what the runtime API changed is there after a reload', async () => {
  const master = await startMaster(CFG);
  await master.ask('@1 set server be/s1 weight 77');
  expect(await master.ask('reload')).toMatch(/^Success=1/);
  await master.replaced(0);
  expect(await master.ask('@1 get weight be/s1')).toContain('77 (initial 10)');
});

it('a hard stop leaves a file with what the worker knew', async () => {
  const cfg = CFG.replace('no-standby', 'no-standby\n  hard-stop-after 100ms\n  hard-stop-folder {dir}');
  const master = await startMaster(cfg);
  const before = await master.current();
  const client = await rawClient(master.proxy.ports['fe'] as number);
  await client.send('POST / HTTP/1.1\r\nHost: a\r\n');
  await master.ask('reload');
  await master.replaced(before);
  const { dir } = master.proxy;
  const name = await until(() => readdirSync(dir).find((one) => one.endsWith('.stop')));
  expect(name).toContain(`sluice-${before}-`);
  const text = readFileSync(join(dir, name as string), 'latin1');
  expect(text).toContain(`\nPid: ${before}\n`);
  expect(text).toContain('# pxname,svname,');
  expect(text).toContain('be_id be_name srv_id srv_name');
  client.close();
});

describe('who is ended at once with clients still there leaves such a file, too', () => {
  /** A master whose worker has a request that never ends. */
  async function busyMaster(global: string): Promise<{ master: Master; worker: number }> {
    const master = await startMaster(
      CFG.replace('no-standby', `no-standby\n  hard-stop-folder {dir}\n  ${global}`),
    );
    const worker = await master.current();
    const client = await rawClient(master.proxy.ports['fe'] as number);
    onTestFinished(() => client.close());
    await client.send('POST /never-ends HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n');
    await until(async () => (await master.ask('@1 show sess')).includes('src=127.0.0.1'));
    return { master, worker };
  }

  function fileOf(master: Master, worker: number): string | undefined {
    const { dir } = master.proxy;
    const name = readdirSync(dir).find((one) => one.startsWith(`sluice-${worker}-`) && one.endsWith('.stop'));
    return name === undefined ? undefined : readFileSync(join(dir, name), 'latin1');
  }

  it('when the master is stopped', async () => {
    const { master, worker } = await busyMaster('');
    let text: string | undefined;
    master.proxy.process.once('exit', () => {
      text = fileOf(master, worker);
    });
    expect(await master.proxy.stop('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(text).toContain(`\nPid: ${worker}\n`);
    expect(text).toContain('request="POST /never-ends"');
    expect(master.proxy.stderr).toContain(`What process ${worker} knew is in `);
  });

  it('when it has seen more than mworker-max-reloads', async () => {
    const { master, worker } = await busyMaster('mworker-max-reloads 1');
    for (let n = 0; n < 2; n++) expect(await master.ask('reload')).toMatch(/^Success=1/);
    await master.replaced(worker);
    expect(fileOf(master, worker)).toContain('request="POST /never-ends"');
  });

  it('and none when nobody is served', async () => {
    const master = await startMaster(CFG.replace('no-standby', 'no-standby\n  hard-stop-folder {dir}'));
    const idle = await rawClient(master.proxy.ports['fe'] as number);
    onTestFinished(() => idle.close());
    await master.proxy.stop('SIGTERM');
    expect(master.proxy.stderr).not.toContain(' knew is in ');
  });
});

it('a worker that is still there after ten seconds says who keeps it', async () => {
  const master = await startMaster(CFG);
  const client = await rawClient(master.proxy.ports['fe'] as number);
  await client.send('POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n');
  await master.ask('reload');
  const table = await until(async () => {
    const text = await master.ask('show proc');
    return text.includes('is still there') && text;
  }, 60_000);
  expect(table).toMatch(/# \d+: is still there 1\ds after its reload: 1 connections \(0 idle\)/);
  expect(master.proxy.stderr).toMatch(/Former worker \(\d+\) is still there/);
  await until(async () => /^StaleWorkers: 1$/m.test(await master.ask('@1 show info')));
  client.close();
});

it('what belonged to a server that the configuration had no more does not come back with its name', async () => {
  const master = await startMaster(CFG);
  const reload = async (text: string) => {
    const before = await master.current();
    const old = readFileSync(master.proxy.cfgPath, 'latin1');
    writeFileSync(master.proxy.cfgPath, text === '' ? old.replace(/^ {2}server s1/m, '  server s9') : text);
    expect(await master.ask('reload')).toMatch(/^Success=1/);
    await master.replaced(before);
    return old;
  };
  await master.ask('@1 set server be/s1 weight 77; @1 disable frontend fe');
  const first = await reload('');
  expect(await master.ask('@1 show stat fe 1 -1')).toContain(',PAUSED,');
  await reload(first);
  expect(await master.ask('@1 get weight be/s1')).toContain('10 (initial 10)');
  expect(await master.ask('@1 enable frontend fe; @1 show stat fe 1 -1')).toContain(',OPEN,');
  const client = await rawClient(master.proxy.ports['fe'] as number);
  client.close();
  expect(await master.ask('show proc')).toMatch(/^\d+ +worker +0 /m);
  const info = await master.ask('@1 show info');
  expect(info).toMatch(/^Reloads: 2$/m);
  expect(info).toMatch(/^WorkerCrashes: 0$/m);
});
