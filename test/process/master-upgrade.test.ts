/** A reload into a program that takes connections in another form: they stay, and end with a word. */
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { atTestEnd } from '../tool/at-end.ts';
import { startMaster } from '../tool/master.ts';
import { rawClient } from '../tool/raw-socket.ts';
import { until } from '../tool/until.ts';
import { copyProgram } from './storm-lab.ts';

const CFG = `global
  nbthread 2
  no-standby
defaults
  mode http
  timeout client 60s
  timeout server 60s
frontend fe
  bind 127.0.0.1:{port:fe}
  http-request return status 200 content-type text/plain lf-string "%pid."
`;
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

/** A program whose packets with connections have another version. */
function speakOtherwise(folder: string): void {
  for (const name of ['sluice-control', 'sluice-data']) {
    const path = join(folder, 'dist', `${name}.cjs`);
    rmSync(`${path}.cache`, { force: true });
    const text = readFileSync(path, 'latin1').replace(/(HANDOVER_VERSION = )1;/, '$12;');
    writeFileSync(`${path}.new`, text, 'latin1');
    renameSync(`${path}.new`, path);
  }
}

it('connections are told to close with their next response, none is closed before', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-upgrade-'));
  atTestEnd(() => rmSync(folder, { recursive: true }));
  copyProgram(folder);
  const master = await startMaster({ cfg: CFG, program: join(folder, 'bin/sluice') });
  const client = await rawClient(master.proxy.ports['fe'] as number);
  const ask = async () => {
    await client.send(GET);
    return client.receiveMessage();
  };
  const before = await master.current();
  expect((await ask()).body.toString()).toBe(`${before}.`);
  speakOtherwise(folder);
  expect(await master.ask('reload')).toMatch(/^Success=1/);
  expect(await master.current()).not.toBe(before);
  await until(() => master.proxy.stderr.includes(`(${before}) : Proxy fe stopped`));
  expect(client.end).toBe(undefined);
  const last = await ask();
  expect(last.body.toString()).toBe(`${before}.`);
  expect(last.field('connection')).toBe('close');
  await until(() => client.end === 'fin');
  const next = await rawClient(master.proxy.ports['fe'] as number);
  await next.send(GET);
  expect((await next.receiveMessage()).body.toString()).toBe(`${await master.current()}.`);
  next.close();
});
