/**
 * TCP and UDP ports that nobody uses, from below the range the kernel gives out by itself, so that a client's own
 * port cannot take one between its choice and its use. Each test process walks from a random place of its own.
 */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const LOWEST_PORT = 11_000;
const HIGHEST_PORT = 32_000;
const MAX_TRIES = 200;

/** Two test processes run at once: each has a half, so that neither takes what the other has chosen but not yet bound. */
const HALF = (HIGHEST_PORT - LOWEST_PORT) / 2;
const firstPort = LOWEST_PORT + (Number(process.env['VITEST_POOL_ID'] ?? 0) % 2) * HALF;

let nextPort = firstPort + Math.floor(Math.random() * HALF);

/** One free port on 127.0.0.1, tried for TCP and for UDP. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const port = nextPort++;
    if (nextPort >= firstPort + HALF) nextPort = firstPort;
    if ((await tcpIsFree(port)) && (await udpIsFree(port))) return port;
  }
  throw new Error(`no free port in ${MAX_TRIES} tries`);
}

function tcpIsFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '0.0.0.0', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

function udpIsFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => resolve(false));
    socket.bind({ port, address: '0.0.0.0', exclusive: true }, () => socket.close(() => resolve(true)));
  });
}
