/** A load for server slots: many clients over two threads, a quarter of which leave early in one of three ways, servers that answer
 * after 0 to 2 ms and sometimes just close. What must hold afterwards is read from the runtime API: never more than maxconn
 * at once, nothing left in service or in a queue.
 */
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { atTestEnd } from '../tool/at-end.ts';
import { type Proxy, startProxy } from '../tool/proxy.ts';

/** maxconn of the servers, in their order. */
const LIMITS = [3, 2, 1];
const CLIENTS = 40;
const ANSWER_MAX_MS = 2;
const LEAVE_MAX_MS = 4;
const SETTLE_BOUND_MS = 10_000;

async function startServer(): Promise<number> {
  const server: Server = createServer((request, response) => {
    setTimeout(() => {
      if (Math.random() < 0.02) request.socket.destroy();
      else response.end('hello');
    }, Math.random() * ANSWER_MAX_MS);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atTestEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** One request of a client that may leave before its answer. */
function ask(port: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      const close = Math.random() < 0.5 ? 'Connection: close\r\n' : '';
      socket.write(`GET / HTTP/1.1\r\nHost: a\r\n${close}\r\n`);
      if (Math.random() >= 0.25) return;
      setTimeout(() => {
        const how = Math.random();
        if (how < 0.4) socket.destroy();
        else if (how < 0.8) socket.resetAndDestroy();
        else socket.end();
      }, Math.random() * LEAVE_MAX_MS);
    });
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      if (text.includes('hello') || text.includes('</html>')) socket.destroy();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => resolve());
  });
}

/** `show stat` as rows by server name, values by column. */
export async function showStat(proxy: Proxy): Promise<Map<string, Map<string, number>>> {
  const text = await new Promise<string>((resolve, reject) => {
    let said = '';
    const socket = connect(`${proxy.dir}/sock`, () => socket.end('show stat\n'));
    socket.on('data', (bytes) => {
      said += bytes.toString('latin1');
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(said));
  });
  const [head = '', ...lines] = text.split('\n').filter((line) => line !== '');
  const columns = head.replace(/^# /, '').split(',');
  const rows = lines.map((line) => line.split(','));
  return new Map(
    rows.map((row) => [row[1] ?? '', new Map(columns.map((column, i) => [column, Number(row[i])]))]),
  );
}

export interface SlotReport {
  readonly limits: readonly number[];
  /** Most requests each server ever served at once, and those it still serves, by the proxy's own account. */
  readonly most: readonly number[];
  readonly left: readonly number[];
  readonly queued: number;
  readonly served: number;
}

export async function loadSlots(requests: number): Promise<SlotReport> {
  const ports = await Promise.all(LIMITS.map(() => startServer()));
  const servers = ports
    .map((port, i) => `    server s${i} 127.0.0.1:${port} maxconn ${LIMITS[i]}`)
    .join('\n');
  const proxy = await startProxy(`
global
    nbthread 2
    stats socket {dir}/sock level admin
defaults
    mode http
    timeout client 5s
    timeout server 5s
    timeout connect 1s
    timeout queue 2s
listen slots
    bind 127.0.0.1:{port:in}
    balance roundrobin
${servers}
`);
  let begun = 0;
  const client = async (): Promise<void> => {
    while (begun++ < requests) await ask(proxy.ports['in'] as number);
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  const names = LIMITS.map((_, i) => `s${i}`);
  let rows = await showStat(proxy);
  const column = (name: string, wanted: string): number => rows.get(name)?.get(wanted) ?? Number.NaN;
  const left = (): number[] => names.map((name) => column(name, 'scur'));
  const begin = Date.now();
  while (left().some((count) => count !== 0) && Date.now() - begin < SETTLE_BOUND_MS)
    rows = await showStat(proxy);
  return {
    limits: LIMITS,
    most: names.map((name) => column(name, 'smax')),
    left: left(),
    queued: column('BACKEND', 'qcur'),
    served: names.reduce((sum, name) => sum + column(name, 'stot'), 0),
  };
}
