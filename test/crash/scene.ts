/** A proxy that compresses what a server answers, a request that makes it crash, and the core it leaves. The proxy belongs to the test. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Proxy, type ProxyOptions, sluiceProgram, startProxy } from '../tool/proxy.ts';
import { ask } from '../tool/raw-socket.ts';
import { answering, scriptedServer } from '../tool/scripted-server.ts';

export const root = join(import.meta.dirname, '../..');
export const faultsAddon = join(root, 'build/faults/sluice.node');

export const BODY = 'a text that compresses well, again and again. '.repeat(200);
export const ANSWER = `HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`;
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

/** A proxy with the faults of build:faults, and the server behind it; <global> is what its section holds. */
export async function startFaulty(
  global: string,
  more: Omit<ProxyOptions, 'cfg' | 'ports'> = {},
): Promise<Proxy> {
  const server = await scriptedServer(answering(ANSWER));
  return startProxy({
    ...more,
    ports: { server: server.port },
    env: { SLUICE_FAULTS: '1', SLUICE_FAULT_URI: '/fault/', ...more.env },
    cfg: `
global
  ${global}
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
}

/** Asks for /fault/<kind> and gives the path of the core, or of the report where <mark> says so. */
export async function coreOf(
  kind: string,
  { program, env = {}, mark = 'core' }: Scene = {},
): Promise<string> {
  const own = program === undefined ? {} : { program };
  const proxy = await startFaulty('nbthread 1\n  stuck-thread-after 500ms', { ...own, env });
  const request = `GET /fault/${kind} HTTP/1.1\r\nhost: h\r\naccept-encoding: gzip\r\n\r\n`;
  await ask(proxy.ports['fe'] as number, request).catch(() => undefined);
  await proxy.exited;
  const core = readdirSync(proxy.dir).find((name) => name.startsWith(mark));
  if (core === undefined) throw new Error(`no ${mark} in ${proxy.dir}: ${proxy.stderr}`);
  return join(proxy.dir, core);
}

export interface Answer {
  readonly code: number | null;
  readonly out: string;
  readonly lines: readonly string[];
  readonly err: string;
}

/** What `<program> postmortem <words>` says. */
export async function postmortem(
  words: readonly string[],
  { program = sluiceProgram, env = process.env }: { program?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Answer> {
  const child = spawn(process.execPath, [program, 'postmortem', ...words], {
    env,
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
  return { code, out, lines: out.split('\n'), err };
}
