/** A master and workers that die in the encoder, with the faults of build:faults: the alert names who did it, the log and `show info` have
 * the same, and a backend whose responses kill worker after worker loses its encoder, until an operator gives it back.
 */
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Master, startMaster } from '../tool/master.ts';
import { ask } from '../tool/raw-socket.ts';
import { answering, scriptedServer } from '../tool/scripted-server.ts';
import { until } from '../tool/until.ts';
import { ANSWER, faultsAddon } from './scene.ts';

const isBuilt = existsSync(faultsAddon);

async function startFaultyMaster(global = '', env: Record<string, string> = {}): Promise<Master> {
  const server = await scriptedServer(answering(ANSWER));
  return startMaster({
    ports: { server: server.port },
    env: { SLUICE_FAULTS: '1', SLUICE_FAULT_URI: '/fault/', ...env },
    cfg: `
global
  nbthread 2
  log {log} local0
  set-dumpable off
  ${global}
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 10s
frontend fe
  bind 127.0.0.1:{port:fe}
  use_backend other if { path_beg /other }
  default_backend thing-two
backend thing-two
  compression algo gzip
  compression type text/plain
  server web3 127.0.0.1:{port:server}
backend other
  compression algo gzip
  compression type text/plain
  server web4 127.0.0.1:{port:server}
`,
  });
}

/** The head of the answer. */
async function get(master: Master, path: string): Promise<string> {
  const request = `GET ${path} HTTP/1.1\r\nhost: a\r\naccept-encoding: gzip\r\n\r\n`;
  return (await ask(master.proxy.ports['fe'] as number, request)).head;
}

/** Ends the worker that serves by the fault <kind>, and waits for the next one. */
async function crash(master: Master, kind: string): Promise<string> {
  const worker = await master.current();
  await get(master, `/fault/${kind}`).catch(() => undefined);
  await master.replaced(worker);
  const said = `Current worker (${worker}) exited with code `;
  const find = () =>
    master.proxy.stderr.split('\n').find((line) => line.includes(said) && line.endsWith('.txt'));
  await until(find);
  return find() ?? '';
}

const WHO = (kind: string) =>
  `"GET /fault/${kind} HTTP/1.1", frontend fe, backend thing-two, server web3, encoder gzip/fast after 0 B in`;

describe.skipIf(!isBuilt)('with the faults of npm run build:faults', () => {
  test('the alert names the culprit, as the report does; log targets and show info, too', async () => {
    const master = await startFaultyMaster();
    await master.waiting('standby');
    const alert = await crash(master, 'null-write');
    const words = `SIGSEGV in slz_encode through a null pointer of stream 0: ${WHO('null-write')}`;
    expect(alert).toMatch(
      /^\[ALERT\] .* 139 \(Segmentation fault\), the 1st death in 15 minutes; worker \(\d+\) serves\. /,
    );
    expect(alert).toContain(`${words}; report: ./sluice-crash.`);
    await until(() => master.proxy.logs.lines.some(({ level, text }) => level === 1 && text.includes(words)));
    const info = await master.ask('@1 show info');
    expect(info).toContain(`\nLastCrash: ${words}\nLastCrashTime_sec: `);
    expect(info).toContain('\nLastCrashProxy: thing-two\nCrashesByProxy: thing-two=1\nCrashesLast15m: 1\n');
    expect(info).toContain('\nEncoderCrashes: 1\nEncodersOff: 0\n');
  });

  test('an exception in policy is told like a signal', async () => {
    const master = await startFaultyMaster();
    await master.waiting('standby');
    const alert = await crash(master, 'exception');
    expect(alert).toContain('[ALERT]');
    expect(alert).toMatch(
      /JavaScript exception in policy of stream 0: "GET \/fault\/exception HTTP\/1.1", frontend fe/,
    );
    expect(await master.ask('@1 show info')).toContain('\nLastCrashSignal: exception\n');
  });

  test('a data thread whose heap is exhausted: its request is named', async () => {
    const master = await startFaultyMaster('', { NODE_OPTIONS: '--max-old-space-size=64' });
    await master.waiting('standby');
    expect(await crash(master, 'heap')).toMatch(
      /JavaScript heap exhausted in policy \(JavaScript\) of stream 0: "GET \/fault\/heap HTTP\/1.1", frontend fe/,
    );
    expect(await master.ask('@1 show info')).toContain('\nLastCrashSignal: heap\nLastCrashProxy: fe\n');
  });

  test.each(['', 'no-standby'])('the encoder that kills twice is switched off first (%s)', async (global) => {
    const master = await startFaultyMaster(global);
    if (global === '') await master.waiting('standby');
    await crash(master, 'null-write');
    expect(await get(master, '/fine')).toContain('content-encoding: gzip');
    if (global === '') await master.waiting('standby');
    await crash(master, 'overrun-96');
    const said = 'The encoder of thing-two is switched off: 2 workers died in it within 15 minutes.';
    expect(master.proxy.stderr).toContain(said);
    await until(() => master.proxy.logs.lines.some(({ text }) => text.includes(said)));
    const list = '# proxy algo by\nfe default -\nthing-two off crashes\nother default -\n';
    expect(await master.ask('@1 show compression algo')).toContain(list);
    expect(await master.ask('@1 show info')).toContain('\nEncodersOff: 1\n');

    // What killed two workers is answered now, uncompressed; nobody else pays for it.
    const worker = await master.current();
    expect(await get(master, '/fault/null-write')).toMatch(/^HTTP\/1.1 200 (?!.*content-encoding)/s);
    expect(await get(master, '/other')).toContain('content-encoding: gzip');
    expect(await master.current()).toBe(worker);

    // It is state like any other: a reload keeps it, a command ends it.
    expect(await master.ask('reload')).toMatch(/^Success=1/);
    expect(await master.ask('@1 show compression algo')).toContain(list);
    await master.ask('@1 set compression algo thing-two default');
    expect(await get(master, '/fine')).toContain('content-encoding: gzip');
    await until(async () => (await master.ask('@1 show info')).includes('\nEncodersOff: 0\n'));
  });
});
