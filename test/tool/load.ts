/** A process that ends while clients are being served: keep-alive clients that never wait, then a command of the runtime API. */
import { connect } from 'node:net';
import { join } from 'node:path';
import { type Exit, startProxy } from './proxy.ts';
import { rawClient } from './raw-socket.ts';
import { until, within } from './until.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const CLIENTS = 20;
const END_MAX_MS = 30_000;

/** Starts <cfg> (with a frontend at {port:fe} and {dir}/s.sock), loads it, says <line> in expert mode, waits for the end. */
export async function endUnderLoad(cfg: string, line: string): Promise<Exit & { stderr: string }> {
  const proxy = await startProxy(cfg);
  const port = proxy.ports['fe'] as number;
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => rawClient(port)));
  for (const client of clients) {
    client.socket.on('data', () => client.socket.write(GET));
    client.socket.write(GET.repeat(10));
  }
  await until(() => clients.every((client) => client.bytesIn > 0), END_MAX_MS);
  const api = connect(join(proxy.dir, 's.sock'));
  api.on('error', () => api.destroy());
  api.end(`expert-mode on; ${line}\n`);
  const exit = await within(proxy.exited, END_MAX_MS, `the end after ${line}`);
  for (const client of clients) client.socket.destroy();
  return { ...exit, stderr: proxy.stderr };
}
