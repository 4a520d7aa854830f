/** A proxy that compresses what a server answers, a request that makes it crash, and the core it leaves. The proxy belongs to the test. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startProxy } from '../tool/proxy.ts';
import { ask } from '../tool/raw-socket.ts';
import { answering, scriptedServer } from '../tool/scripted-server.ts';

export const root = join(import.meta.dirname, '../..');
export const faultsAddon = join(root, 'build/faults/sluice.node');

const BODY = 'a text that compresses well, again and again. '.repeat(200);
const ANSWER = `HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`;
export const POSTMORTEM_MAX_MS = 120_000;

/** What a test that reads cores with gdb needs beside it; names of things that are not programs are never found. */
export function wantedForCores(...programs: string[]): string[] {
  const isFile = !readFileSync('/proc/sys/kernel/core_pattern', 'utf8').startsWith('|');
  return [
    ...programs,
    ...(existsSync(faultsAddon) ? [] : ['npm run build:faults']),
    ...(isFile ? [] : ['a core_pattern that is a file']),
  ];
}

interface Scene {
  readonly program?: string;
  readonly env?: Record<string, string>;
  readonly mark?: 'core' | 'sluice-crash.';
}

/** Asks for /fault/<kind> and gives the path of the core, or of the report where <mark> says so. */
export async function coreOf(
  kind: string,
  { program, env = {}, mark = 'core' }: Scene = {},
): Promise<string> {
  const server = await scriptedServer(answering(ANSWER));
  const proxy = await startProxy({
    ...(program === undefined ? {} : { program }),
    ports: { server: server.port },
    env: { SLUICE_FAULTS: '1', SLUICE_FAULT_URI: '/fault/', ...env },
    cfg: `
global
  nbthread 1
  stuck-thread-after 500ms
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
  const request = `GET /fault/${kind} HTTP/1.1\r\nhost: h\r\naccept-encoding: gzip\r\n\r\n`;
  await ask(proxy.ports['fe'] as number, request).catch(() => undefined);
  await proxy.exited;
  const core = readdirSync(proxy.dir).find((name) => name.startsWith(mark));
  if (core === undefined) throw new Error(`no ${mark} in ${proxy.dir}: ${proxy.stderr}`);
  return join(proxy.dir, core);
}

export interface Verdict {
  readonly code: number | null;
  readonly lines: readonly string[];
  readonly err: string;
}

/** What `sluice postmortem <core>` says. */
export async function postmortem(core: string, program: string): Promise<Verdict> {
  const child = spawn(process.execPath, [program, 'postmortem', core], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: POSTMORTEM_MAX_MS,
    killSignal: 'SIGKILL',
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (piece) => {
    out += piece;
  });
  child.stderr.on('data', (piece) => {
    err += piece;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, lines: out.split('\n'), err };
}
