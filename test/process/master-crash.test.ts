/** Workers that die: who takes their place, what is said, and how often. */
import { expect, it, onTestFinished } from 'vitest';
import { type Master, startMaster } from '../tool/master.ts';
import { rawClient } from '../tool/raw-socket.ts';
import { scriptedServer } from '../tool/scripted-server.ts';
import { until } from '../tool/until.ts';

const CFG = `global
  nbthread 1
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 20s
frontend fe
  bind 127.0.0.1:{port:fe}
  http-request return status 200 content-type text/plain string one
`;
const GET = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

async function status(master: Master): Promise<number> {
  const client = await rawClient(master.proxy.ports['fe'] as number);
  await client.send(GET);
  const message = await client.receiveMessage();
  client.close();
  return message.status;
}

it('the standby takes the place of a worker that dies, and a new one is made', async () => {
  const master = await startMaster(CFG);
  const first = await master.current();
  const standby = await master.waiting('standby');
  process.kill(first, 'SIGSEGV');
  await until(async () => (await master.current()) === standby);
  expect(await status(master)).toBe(200);
  expect(await master.waiting('standby')).not.toBe(standby);
  const { stderr } = master.proxy;
  expect(stderr).toMatch(
    new RegExp(
      `Current worker \\(${first}\\) exited with code 139 \\(Segmentation fault\\), the 1st death in 15 minutes`,
    ),
  );
  const info = await master.ask('@1 show info');
  expect(info).toMatch(/\nWorkerCrashes: 1\n/);
  expect(info).toMatch(/\nLastCrashSignal: SIGSEGV\n/);
  expect(info).toMatch(/\nCrashesLast15m: 1\n/);
  expect(await master.ask('show proc')).toContain('# deaths of workers: 1, 1 in the last 15 minutes');
});

it('a standby has the configuration that runs, whatever is on disk by now', async () => {
  const master = await startMaster(CFG);
  const first = await master.current();
  await master.waiting('standby');
  master.rewrite((text) => `${text}  bnid :80\n`);
  process.kill(first, 'SIGKILL');
  await master.replaced(first);
  const second = await master.current();
  // Not even its successor, which is made from nothing, reads the files that nobody asked to be read.
  const third = await master.waiting('standby');
  process.kill(third, 'SIGKILL');
  process.kill(second, 'SIGKILL');
  await master.replaced(second);
  expect(await status(master)).toBe(200);
});

it('without a standby a worker that dies is replaced by a new one, slower with each early death', async () => {
  const master = await startMaster(CFG.replace('nbthread 1', 'nbthread 1\n  no-standby'));
  for (let n = 1; n <= 3; n++) {
    const pid = await master.current();
    process.kill(pid, 'SIGKILL');
    await until(async () => {
      const current = await master.current();
      return current > 0 && current !== pid;
    });
  }
  expect(master.proxy.stderr).toContain('the 3rd death in 15 minutes; a new worker is started.');
  expect(await status(master)).toBe(200);
});

it('of a worker that was killed the alert says what was at work, and the log has the same words', async () => {
  const silent = await scriptedServer([{ wait: 'end' }]);
  const master = await startMaster({
    ports: { server: silent.port },
    cfg: CFG.replace('nbthread 1', 'nbthread 1\n  log {log} local0').replace(
      / *http-request return.*/,
      '  default_backend thing-two\nbackend thing-two\n  server web3 127.0.0.1:{port:server}',
    ),
  });
  const first = await master.current();
  await master.waiting('standby');
  const client = await rawClient(master.proxy.ports['fe'] as number);
  onTestFinished(() => client.close());
  await client.send('POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde');
  // Who was asked for its streams has come to rest with them.
  await until(async () => (await master.ask('@1 show sess')).includes('thing-two'));
  process.kill(first, 'SIGKILL');
  await master.replaced(first);
  const words =
    /SIGKILL, sent by a process, or by the kernel for want of memory; streams under way: 1, [a-z ]+: "POST \/slow HTTP\/1.1", frontend fe, backend thing-two, server web3/;
  const died = `Current worker (${first}) exited with code 137 (Killed), the 1st death in 15 minutes; worker (`;
  await until(() => master.proxy.stderr.includes(died));
  expect(master.proxy.stderr).toMatch(words);
  await until(() => master.proxy.logs.lines.some((line) => line.level === 1 && words.test(line.text)));
  expect(await master.ask('@1 show info')).toMatch(words);
  expect(await master.ask('show proc')).toMatch(words);
});
