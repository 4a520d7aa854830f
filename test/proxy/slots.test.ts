/** Server slots and turns over two threads: limits hold and nothing leaks while clients come and go; the order of round robin is one
 * order, whichever thread a connection lands on. The soak twin of the first case asks for 100,000 requests.
 */
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { atTestEnd } from '../tool/at-end.ts';
import { startProxy } from '../tool/proxy.ts';
import { loadSlots } from './slots-load.ts';

const REQUESTS = 4000;
const TURNS = 200;

function askOnce(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () =>
      socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'),
    );
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(text.slice(-1)));
  });
}

async function namedServer(name: string): Promise<number> {
  const server = createServer((_, response) => response.end(name));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atTestEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

describe('two threads', () => {
  test('never give a server more than maxconn, and lose no slot', async () => {
    const report = await loadSlots(REQUESTS);
    for (const [i, limit] of report.limits.entries()) expect(report.most[i]).toBeLessThanOrEqual(limit);
    expect(report.left).toEqual(report.limits.map(() => 0));
    expect(report.queued).toBe(0);
    expect(report.served).toBeGreaterThan(REQUESTS / 2);
  }, 60_000);

  test('take turns in one order', async () => {
    const ports = await Promise.all(['a', 'b', 'c'].map(namedServer));
    const proxy = await startProxy(`
global
    nbthread 2
defaults
    mode http
    timeout client 5s
    timeout server 5s
    timeout connect 1s
listen turns
    bind 127.0.0.1:{port:in}
    balance roundrobin
${ports.map((port, i) => `    server s${i} 127.0.0.1:${port} weight ${i === 0 ? 2 : 1}`).join('\n')}
`);
    let order = '';
    for (let i = 0; i < TURNS; i++) order += await askOnce(proxy.ports['in'] as number);
    expect(order).toBe('abca'.repeat(TURNS / 4));
  }, 30_000);
});
