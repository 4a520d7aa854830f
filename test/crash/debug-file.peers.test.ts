/** The addon as it is shipped, stripped: with its debug file beside it the post-mortem says file and line, without it the culprit.
 */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { splitDebug } from '../../scripts/debug-file.mjs';
import { testWith } from '../tool/peer.ts';
import { startProxy } from '../tool/proxy.ts';
import { ask } from '../tool/raw-socket.ts';
import { answering, scriptedServer } from '../tool/scripted-server.ts';

const root = join(import.meta.dirname, '../..');
const faults = join(root, 'build/faults/sluice.node');
const canRun = existsSync(faults) && !readFileSync('/proc/sys/kernel/core_pattern', 'utf8').startsWith('|');
const folder = mkdtempSync(join(tmpdir(), 'sluice-stripped-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const BODY = 'a text that compresses well, again and again. '.repeat(200);
const ANSWER = `HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`;
const POSTMORTEM_MAX_MS = 120_000;

/** A package of its own, whose addon is stripped. */
function packageOf(): string {
  for (const name of ['bin', 'dist', 'native/gdb', 'package.json']) {
    cpSync(join(root, name), join(folder, name), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const addon = join(folder, 'build/Release/sluice.node');
  mkdirSync(join(folder, 'build/Release'), { recursive: true });
  cpSync(faults, addon);
  splitDebug(addon);
  expect(statSync(addon).size).toBeLessThan(statSync(faults).size / 2);
  return addon;
}

function postmortem(core: string): string[] {
  const words = [join(folder, 'bin/sluice'), 'postmortem', core];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, {
    encoding: 'utf8',
    timeout: POSTMORTEM_MAX_MS,
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return stdout.split('\n');
}

testWith(
  canRun ? ['gdb', 'objcopy'] : ['gdb', 'objcopy', 'build/faults', 'a core_pattern that is a file'],
  'a stripped addon: file and line with its debug file, the culprit without',
  async () => {
    const addon = packageOf();
    const server = await scriptedServer(answering(ANSWER));
    const proxy = await startProxy({
      program: join(folder, 'bin/sluice'),
      ports: { server: server.port },
      env: { SLUICE_FAULT_URI: '/fault/' },
      cfg: `
global
  nbthread 1
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 10s
frontend fe
  bind 127.0.0.1:\${port:fe}
  default_backend thing-two
backend thing-two
  compression algo gzip
  compression type text/plain
  server web3 127.0.0.1:\${port:server}
`,
    });
    const request = 'GET /fault/null-write HTTP/1.1\r\nhost: h\r\naccept-encoding: gzip\r\n\r\n';
    await ask(proxy.ports['fe'] as number, request).catch(() => undefined);
    await proxy.exited;
    const core = join(proxy.dir, readdirSync(proxy.dir).find((name) => name.startsWith('core')) as string);

    const [verdict, ...page] = postmortem(core);
    expect(verdict).toContain(
      'SIGSEGV in slz_encode through a null pointer of stream 0: "GET /fault/null-write HTTP/1.1"',
    );
    const frame = page.find((line) => line.includes(' stage_encode at '));
    expect(frame).toMatch(/ native\/engine\/body_stage\.c:\d+$| \.\.\/native\/engine\/body_stage\.c:\d+$/);

    renameSync(`${addon}.debug`, `${addon}.elsewhere`);
    const [again, ...without] = postmortem(core);
    expect(again).toBe(verdict);
    // Functions that were inlined are gone, the others keep their names.
    expect(without.join('\n')).toMatch(/^ {2}#\d+ +(stage|body)_[a-z]+$/m);
    expect(without.join('\n')).not.toContain('body_stage.c');
    expect(without.find((line) => / _start/.test(line))).toBeDefined();
  },
  3 * POSTMORTEM_MAX_MS,
);
