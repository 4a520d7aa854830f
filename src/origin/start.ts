/**
 * `npm start`: two origin servers in this process and, as a child, the proxy on examples/quickstart.cfg, told by the
 * environment where they listen. Says what to try, passes the proxy's output through and ends with it.
 */
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { portOf, startServer } from './server.ts';

const FIRST_PORT = 8080;
const MAX_PORT_TRIES = 100;
const READY_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 20;

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

async function freePort(): Promise<number> {
  for (let port = FIRST_PORT; port < FIRST_PORT + MAX_PORT_TRIES; port++) if (await isFree(port)) return port;
  throw new Error(`ports ${FIRST_PORT} to ${FIRST_PORT + MAX_PORT_TRIES - 1} are all in use`);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(port, '127.0.0.1');
    probe.once('connect', () => resolve(true)).once('error', () => resolve(false));
    probe.once('connect', () => probe.destroy());
  });
}

async function listensWithin(port: number, boundMs: number, isOver: () => boolean): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < boundMs && !isOver(); waitedMs += LOOK_EVERY_MS) {
    if (await accepts(port)) return true;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  return false;
}

function greeting(port: number, socketPath: string): string {
  const base = `http://127.0.0.1:${port}`;
  return `
Sluice serves examples/quickstart.cfg in front of two demo servers:

  ${base}/           HTML, compressed on its way
  ${base}/api/time   JSON, from a backend that an acl chooses
  ${base}/app.js     JavaScript
  ${base}/logo.png   an image, left as it is
  ${base}/events     server-sent events, one a second, each passed at once
  ${base}/admin      denied by a rule

Paste   curl --compressed -sv ${base}/ | head -20
Log     below, one line a request, in the format of option httplog
Ask     echo "show info" | nc -U ${socketPath}
Stop    Ctrl-C

`;
}

async function start(): Promise<void> {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const servers = [await startServer('s1', 0), await startServer('s2', 0)];
  const port = await freePort();
  const socketPath = join(tmpdir(), `sluice-quickstart-${port}.sock`);
  const proxy = spawn(
    process.execPath,
    [join(root, 'bin/sluice'), '-db', '-f', join(root, 'examples/quickstart.cfg')],
    {
      stdio: 'inherit',
      env: {
        ...process.env,
        SLUICE_PORT: String(port),
        SLUICE_SOCKET: socketPath,
        SLUICE_SERVER_1: `127.0.0.1:${portOf(servers[0]!)}`,
        SLUICE_SERVER_2: `127.0.0.1:${portOf(servers[1]!)}`,
        // Reading more certificates would cost the start 30 ms.
        NODE_EXTRA_CA_CERTS: undefined,
      },
    },
  );
  // Ctrl-C reaches the proxy too: this process stays until the proxy has ended.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => proxy.kill(signal));
  proxy.once('exit', (code, signal) => {
    rmSync(socketPath, { force: true });
    process.exit(signal === 'SIGINT' || signal === 'SIGTERM' ? 0 : (code ?? 1));
  });
  const isOver = () => proxy.exitCode !== null || proxy.signalCode !== null;
  if (await listensWithin(port, READY_WITHIN_MS, isOver)) process.stdout.write(greeting(port, socketPath));
}

void start();
