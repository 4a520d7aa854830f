/** Which of the waiting workers a reload takes: the standby when a start now would bring about the very same, else the spare. */
import { mkdtempSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { atTestEnd } from '../tool/at-end.ts';
import { type Master, startMaster } from '../tool/master.ts';

const CFG = `global
  nbthread 1
  stats socket {dir}/api.sock level admin
defaults
  mode http
  timeout server 60s
frontend fe
  bind 127.0.0.1:{port:fe}
  errorfile 503 PAGE
  default_backend none
backend none
`;
const PAGE = 'HTTP/1.0 503 Service Unavailable\r\nContent-Type: text/plain\r\n\r\ngone\n';
const OF_STANDBY = 'standby';
const OF_SPARE = 'spare';

/** <page>: the file that its configuration names. */
async function start(cfg = CFG): Promise<Master & { readonly page: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-waiting-'));
  atTestEnd(() => rmSync(folder, { recursive: true }));
  const page = join(folder, '503.http');
  writeFileSync(page, PAGE);
  return { ...(await startMaster(cfg.replace('PAGE', page))), page };
}

/** Who serves after a reload, with <change> made before it. */
async function takenAfter(master: Master, change: () => void): Promise<string> {
  const standby = await master.waiting('standby');
  const spare = await master.waiting('spare');
  change();
  expect(await master.ask('reload')).toMatch(/^Success=1/);
  const current = await master.current();
  return current === standby ? OF_STANDBY : current === spare ? OF_SPARE : `worker ${current}`;
}

it('a reload without news takes the standby, and says at once what a start would have said', async () => {
  const master = await start();
  const first = await master.current();
  expect(await takenAfter(master, () => {})).toBe(OF_STANDBY);
  const second = await master.current();
  expect(master.proxy.stderr).toMatch(new RegExp(`\\(${second}\\) : .*missing timeouts`));
  expect(master.proxy.stderr).toContain(`Initializing new worker (${second})`);
  expect(second).not.toBe(first);
  expect(await master.waiting('standby')).not.toBe(second);
});

it('files that were written again with the same bytes are no news', async () => {
  const master = await start();
  const again = () => {
    const path = master.proxy.cfgPath;
    writeFileSync(`${path}.new`, readFileSync(path));
    renameSync(`${path}.new`, path);
  };
  expect(await takenAfter(master, again)).toBe(OF_STANDBY);
});

it('another configuration makes use of the spare', async () => {
  const master = await start();
  const change = () => master.rewrite((text) => `${text}  http-request deny\n`);
  expect(await takenAfter(master, change)).toBe(OF_SPARE);
});

it('so does a changed file that the configuration names', async () => {
  const master = await start();
  const change = () => writeFileSync(master.page, PAGE.replace('gone', 'lost'));
  expect(await takenAfter(master, change)).toBe(OF_SPARE);
});

it('and a unix socket whose name is gone: a start would give it back', async () => {
  const master = await start();
  const path = join(master.proxy.dir, 'api.sock');
  expect(await takenAfter(master, () => unlinkSync(path))).toBe(OF_SPARE);
  expect(() => readFileSync(path)).toThrow('ENXIO');
});

it('and a name that may mean another address by now', async () => {
  const master = await start(`${CFG}  server s localhost:80\n`);
  expect(await takenAfter(master, () => {})).toBe(OF_SPARE);
});
