/**
 * Runs the pages of this folder: every case is a test, and its failure points at the line of the page. One proxy
 * with the listeners of rfc.cfg serves all of them; SLUICE_PROGRAM asks the same of another binary (a case whose page
 * says "HAProxy 3.5 differs" must then fail with a haproxy: that keeps the runner honest).
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Proxy as ProxyProcess, sluiceProgram, startProxy } from '../../tool/proxy.ts';
import { type ScriptedServer, scriptedServer } from '../../tool/scripted-server.ts';
import { type Case, readPages } from './page.ts';
import { playCase } from './play.ts';
import { PageError } from './sight.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));
const pages = readPages(folder);
const isHaproxy = /haproxy$/.test(sluiceProgram);
let proxy: ProxyProcess;
let server: ScriptedServer;

beforeAll(async () => {
  server = await scriptedServer(async () => undefined);
  const cfg = readFileSync(`${folder}rfc.cfg`, 'utf8');
  proxy = await startProxy({ cfg, ports: { server: server.port } });
});

afterAll(async () => {
  await proxy?.stop();
  await server?.stop();
});

/** The place in the page is the place of the error: it replaces the stack of this runner. */
function atPage(each: Case, error: unknown): Error {
  const line = error instanceof PageError ? error.line : each.line;
  const text = error instanceof Error ? error.message : String(error);
  const placed = new Error(`${text} (${each.file.slice(folder.length)}:${line})`);
  placed.stack = `Error: ${placed.message}\n    at ${each.title} (${each.file}:${line}:1)`;
  return placed;
}

for (const page of pages) {
  describe(page.name, () => {
    for (const must of page.musts) {
      describe(must.name, () => {
        const own = page.cases.filter((each) => each.must === must.name);
        for (const each of own) {
          const declare = isHaproxy && each.haproxyDiffers ? test.fails : test;
          declare(each.title, async () => {
            const port = proxy.ports[each.listener];
            if (port === undefined) throw atPage(each, new Error(`no listener ${each.listener} in rfc.cfg`));
            await playCase(each, port, server).catch((error: unknown) => {
              throw atPage(each, error);
            });
          });
        }
      });
    }
  });
}

test('every MUST of the pages has a number of its own and a case', () => {
  const numbers = pages.flatMap((page) =>
    page.musts.map((must) => must.name.split(' ').slice(0, 3).join(' ')),
  );
  expect(numbers.filter((number) => !/^91(10|12) §[\d.]+ #\d+$/.test(number))).toEqual([]);
  expect(numbers.filter((number, index) => numbers.indexOf(number) !== index)).toEqual([]);
  const bare = pages.flatMap((page) =>
    page.musts.filter((must) => !page.cases.some((each) => each.must === must.name)).map((must) => must.name),
  );
  expect(bare).toEqual([]);
});

test('the proxy is still the one that was started', () => {
  expect(proxy.process.exitCode).toBeNull();
  expect(proxy.process.signalCode).toBeNull();
});
