/**
 * One proxy process for a test, started as a user starts it: `bin/sluice -db -f <file>`. SLUICE_PROGRAM (or
 * `program`) names another binary, so that the same test can be asked of a real haproxy. The configuration's text
 * may hold `${port:name}` (a free port, the same for the same name), `${dir}` (a folder of its own) and `${log}`
 * (the address of a syslog sink); inside a template literal the `$` may be left out. Every other `${…}` belongs to
 * the configuration language and stays.
 * The test owns the process: it ends with the test, or when stop() is called.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { atTestEnd } from './at-end.ts';
import { freePort } from './free-port.ts';
import { type SyslogSink, syslogSink } from './syslog-sink.ts';
import { until, within } from './until.ts';

export const sluiceProgram =
  process.env['SLUICE_PROGRAM'] ?? fileURLToPath(new URL('../../bin/sluice', import.meta.url));

export interface ProxyOptions {
  cfg: string;
  /** More words for the command line, before `-f`. */
  args?: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** Ports the test already holds (a server's): `${port:name}` gives these. */
  ports?: Readonly<Record<string, number>>;
  program?: string;
  /** Ready when this is true; without it when every port and path of a `bind` or `stats socket` line listens. */
  readyWhen?: (proxy: Proxy) => boolean;
  readyBoundMs?: number;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Proxy {
  readonly pid: number;
  readonly process: ChildProcess;
  readonly ports: Readonly<Record<string, number>>;
  readonly dir: string;
  readonly cfgPath: string;
  /** What `${log}` was sent. Throws when the configuration does not name it. */
  readonly logs: SyslogSink;
  readonly stdout: string;
  readonly stderr: string;
  readonly exited: Promise<Exit>;
  /** Sends <signal> and waits for the end; a process still there after the bound is killed and is an error. */
  stop(signal?: NodeJS.Signals, boundMs?: number): Promise<Exit>;
}

const PORT_MARK = /\$?\{port:([\w-]+)\}/g;
const DIR_MARK = /\$?\{dir\}/g;
const PATH_MARK = /\$?\{dir\}(\/[\w.-]+)/g;
const LOG_MARK = /\$?\{log\}/;
const LOG_MARKS = new RegExp(LOG_MARK, 'g');
const READY_BOUND_MS = 30_000;
const STOP_BOUND_MS = 20_000;
const END_BOUND_MS = 40_000;
const living = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

/** Starts a proxy and waits until it listens. An early exit throws with all it said. */
export async function startProxy(given: string | ProxyOptions): Promise<Proxy> {
  const options: ProxyOptions = typeof given === 'string' ? { cfg: given } : given;
  const dir = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  const { text, ports, listening, paths, sink } = await fillIn(options, dir);
  const cfgPath = join(dir, 'haproxy.cfg');
  writeFileSync(cfgPath, text);

  const child = spawn(options.program ?? sluiceProgram, ['-db', ...(options.args ?? []), '-f', cfgPath], {
    cwd: dir,
    env: { ...environment(), TMPDIR: dir, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const proxy = processFace(child, { dir, cfgPath, ports, sink });
  atTestEnd(() => (child.exitCode === null && child.signalCode === null ? proxy.stop() : sweep(dir)));

  const ready = options.readyWhen ?? (() => listensOnAll(listening) && listensAtAll(paths));
  const ended = () => child.exitCode !== null || child.signalCode !== null;
  await until(
    () => ended() || ready(proxy),
    options.readyBoundMs ?? READY_BOUND_MS,
    () => said('not ready', proxy),
  );
  if (ended())
    throw new Error(said(`exited ${child.exitCode ?? child.signalCode} before it was ready`, proxy));
  return proxy;
}

/** Runs the program to its end: for `-c`, `-cc`, `-v` and configurations that must not start. */
export async function runSluice(
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string>; program?: string; boundMs?: number } = {},
): Promise<Exit & { stdout: string; stderr: string }> {
  const child = spawn(options.program ?? sluiceProgram, args, {
    cwd: options.cwd,
    env: { ...environment(), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const proxy = processFace(child, { dir: '', cfgPath: '', ports: {}, sink: undefined });
  try {
    const exit = await within(
      proxy.exited,
      options.boundMs ?? END_BOUND_MS,
      `the end of sluice ${args.join(' ')}`,
    );
    return { ...exit, stdout: proxy.stdout, stderr: proxy.stderr };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

/** The test run's environment without what would change a start: more certificates cost 30 ms of it. */
function environment(): NodeJS.ProcessEnv {
  const kept = { ...process.env };
  for (const name of ['HAPROXY_STATS_SOCKET', 'NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS', 'VITEST'])
    delete kept[name];
  return kept;
}

interface Place {
  dir: string;
  cfgPath: string;
  ports: Record<string, number>;
  sink: SyslogSink | undefined;
}

function processFace(child: ChildProcess, place: Place): Proxy {
  living.add(child);
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (bytes: Buffer) => {
    stdout += bytes.toString('latin1');
  });
  child.stderr?.on('data', (bytes: Buffer) => {
    stderr += bytes.toString('latin1');
  });
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      living.delete(child);
      resolve({ code, signal });
    });
  });
  exited.catch(() => living.delete(child));
  return {
    pid: child.pid ?? -1,
    process: child,
    ports: place.ports,
    dir: place.dir,
    cfgPath: place.cfgPath,
    exited,
    get logs() {
      if (!place.sink) throw new Error('the configuration has no ${log}');
      return place.sink;
    },
    get stdout() {
      return stdout;
    },
    get stderr() {
      return stderr;
    },
    async stop(signal = 'SIGINT', boundMs = STOP_BOUND_MS) {
      child.kill(signal);
      try {
        return await within(exited, boundMs, `the end of process ${child.pid} after ${signal}`);
      } finally {
        child.kill('SIGKILL');
        await place.sink?.stop();
        sweep(place.dir);
      }
    },
  };
}

async function fillIn(options: ProxyOptions, dir: string) {
  const ports: Record<string, number> = { ...options.ports };
  for (const [, name] of options.cfg.matchAll(PORT_MARK)) ports[name as string] ??= await freePort();
  const sink = LOG_MARK.test(options.cfg) ? await syslogSink() : undefined;
  const text = options.cfg
    .replace(PORT_MARK, (_, name: string) => String(ports[name]))
    .replace(DIR_MARK, dir)
    .replace(LOG_MARKS, `127.0.0.1:${sink?.port}`);
  const listening: number[] = [];
  const paths: string[] = [];
  for (const line of options.cfg.split('\n')) {
    if (!/^\s*(bind|stats\s+socket)\s/.test(line) || /\budp\b|quic/.test(line)) continue;
    for (const [, name] of line.matchAll(PORT_MARK)) listening.push(ports[name as string] as number);
    for (const [, path = ''] of line.matchAll(PATH_MARK)) paths.push(dir + path);
  }
  return { text, ports, listening, paths, sink };
}

/** Looks in the kernel's tables, so that no probe connection is ever counted or logged by the proxy. */
function listensOnAll(ports: readonly number[]): boolean {
  const table = `${readFileSync('/proc/net/tcp', 'latin1')}\n${readFileSync('/proc/net/tcp6', 'latin1')}`;
  return ports.every((port) => {
    const hex = port.toString(16).toUpperCase().padStart(4, '0');
    return new RegExp(`:${hex} [0-9A-F]+:0000 0A `).test(table);
  });
}

/** The same for unix sockets; the kernel knows each by the name it was bound with, `<path>.<pid>.tmp` as a rule. */
function listensAtAll(paths: readonly string[]): boolean {
  if (paths.length === 0) return true;
  const accepting = / 00010000 0001 \d\d +\d+ (\/.*)$/gm;
  const bound = [...readFileSync('/proc/net/unix', 'latin1').matchAll(accepting)].map(
    ([, path = '']) => path,
  );
  return paths.every((path) => bound.some((one) => one === path || one.startsWith(`${path}.`)));
}

function said(what: string, proxy: Proxy): string {
  return `${what}: ${proxy.cfgPath}\n--- stdout\n${proxy.stdout}\n--- stderr\n${proxy.stderr}`;
}

function sweep(dir: string): void {
  if (dir) rmSync(dir, { recursive: true, force: true });
}
