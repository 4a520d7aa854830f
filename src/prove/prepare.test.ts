/** The door to the proof: what is let in, and what is refused with a sentence. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Configuration } from '../model/configuration.ts';
import { parseConfiguration } from '../section/configuration.ts';
import { makeSources } from '../section/sources.ts';
import { prepare, strangersIn } from './prepare.ts';

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sluice-prepare-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const file = (text: string) => {
  const path = join(dir, 'a.cfg');
  writeFileSync(path, text);
  return [path];
};

test('a configuration with strangers in it comes out without them', async () => {
  const text = `global
 log 10.0.0.1 local0
defaults
 mode http
 timeout client 1s
 timeout server 1s
 timeout connect 1s
frontend f
 bind 10.0.0.1:80 ssl crt /x
 default_backend b
backend b
 server s db.example:80 check
listen t
 mode tcp
 bind :25
 server s 10.9.9.9:25 send-proxy
`;
  const { rewritten, tcpProxies } = await prepare(file(text), [30_001, 30_002]);
  expect([...tcpProxies]).toEqual(['t']);
  expect(rewritten.listeners.map((listener) => [listener.proxy, listener.source])).toEqual([
    ['f', '10.0.0.1:80'],
    ['t', ':25'],
  ]);
  expect(rewritten.files[0]?.text).toContain('server s 127.0.0.1:30002\n');
});

test.each([
  ['frontend f\n', /no 'bind'/],
  ['frontend f\n bind :80\n nosuchword x\n', /has errors.*\n.*unknown keyword/],
  ['frontend f\n bind ":80\n', /has errors.*\n.*unmatched quote/],
  ['frontend f\n bind :1-65535\n', /more than 1000 listeners/],
])('%j is refused', async (text, reason) => {
  await expect(prepare(file(text), [30_001])).rejects.toThrow(reason);
});

test('a file that is not there is named', async () => {
  await expect(prepare([join(dir, 'none.cfg')], [1])).rejects.toThrow(/none\.cfg : No such file/);
});

function configurationOf(text: string): Configuration {
  const options = { localPeer: '', maxconn: 0, proxyMaxconn: 0 };
  return parseConfiguration(makeSources([{ name: 'a.cfg', text }], options, {})).configuration;
}

test('the second judgement sees what the rewriting has overlooked', () => {
  const text = `global
 log 10.0.0.1 local0
 stats socket /run/x.sock
frontend f
 bind 127.0.0.1:20001
 bind 127.0.0.1:80
 bind 10.0.0.1:20001
backend b
 server a 127.0.0.1:30001
 server b 127.0.0.1:9
 server c 127.0.0.1:30001 check
`;
  expect(strangersIn(configurationOf(text), new Set([20_001]), new Set([30_001]))).toEqual([
    'a.cfg:6: a listener at 127.0.0.1:80',
    'a.cfg:7: a listener at 10.0.0.1:20001',
    'a.cfg:10: a server at 127.0.0.1:9',
    'a.cfg:11: a server at 127.0.0.1:30001',
    'a log target',
    'a stats socket at /run/x.sock',
  ]);
});
