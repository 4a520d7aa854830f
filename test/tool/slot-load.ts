/** Many clients, some of which leave in the middle, against servers with few slots: for tests that count slots. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { type Proxy, startProxy } from './proxy.ts';
import { until } from './until.ts';

const RESPONSE = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
/** The origin takes up to so long for an answer. */
const ANSWER_MAX_MS = 4;
const IDLE_MAX_MS = 30_000;

/** An origin that knows how many requests it was asked at once. */
export interface CountingOrigin {
  readonly port: number;
  most: number;
  answered: number;
  stop(): void;
}

export async function countingOrigin(): Promise<CountingOrigin> {
  let now = 0;
  const sockets = new Set<Socket>();
  const origin = { port: 0, most: 0, answered: 0, stop };
  const server: Server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', () => {
      now++;
      origin.most = Math.max(origin.most, now);
      setTimeout(() => {
        // Before the answer leaves: whoever reads it may use the slot at once.
        now--;
        origin.answered++;
        if (!socket.destroyed) socket.write(RESPONSE);
      }, Math.random() * ANSWER_MAX_MS);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin.port = (server.address() as { port: number }).port;
  function stop(): void {
    server.close();
    for (const socket of sockets) socket.destroy();
  }
  return origin;
}

/** One client: <requests> one after the other; with <abortShare> it leaves in the middle of some and comes back. */
function client(port: number, requests: number, abortShare: number): Promise<number> {
  return new Promise((resolve) => {
    let left = requests;
    let answers = 0;
    const begin = (): void => {
      if (left === 0) {
        resolve(answers);
        return;
      }
      const socket = connect(port, '127.0.0.1');
      let isOver = false;
      const over = (): void => {
        if (isOver) return;
        isOver = true;
        socket.destroy();
        setImmediate(begin);
      };
      const ask = (): void => {
        if (left === 0) return over();
        left--;
        socket.write(GET);
        if (Math.random() < abortShare) setTimeout(over, Math.random() * ANSWER_MAX_MS);
      };
      socket.on('connect', ask);
      socket.on('error', over);
      socket.on('close', over);
      socket.on('data', (data) => {
        if (data.includes(' 200 ')) answers++;
        ask();
      });
    };
    begin();
  });
}

export interface SlotLoad {
  readonly requests: number;
  readonly clients: number;
  readonly abortShare: number;
  readonly threads: number;
  readonly maxconn: number;
}

export interface SlotResult {
  readonly answers: number;
  /** Most requests the origin had at once. */
  readonly most: number;
  /** Most slots of the server in use at once, and those in use and queued now. */
  readonly smax: number;
  readonly scur: number;
  readonly queued: number;
}

function ask(path: string, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(path);
    socket.on('data', (data) => {
      text += data.toString('latin1');
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
    socket.end(`${line}\n`);
  });
}

async function serverRow(proxy: Proxy): Promise<{ scur: number; smax: number; queued: number }> {
  const [, server, backend] = (await ask(join(proxy.dir, 's.sock'), 'show stat l 6 -1')).split('\n');
  const cells = (server as string).split(',').map(Number);
  const waiting = Number((backend as string).split(',')[2]);
  return { scur: cells[4] as number, smax: cells[5] as number, queued: (cells[2] as number) + waiting };
}

export async function loadSlots(load: SlotLoad): Promise<SlotResult> {
  const origin = await countingOrigin();
  try {
    const proxy = await startProxy({
      cfg: `global
  nbthread ${load.threads}
  stats socket {dir}/s.sock level admin
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 30s
  timeout queue 60s
listen l
  bind 127.0.0.1:{port:fe}
  server s 127.0.0.1:{port:s} maxconn ${load.maxconn}
`,
      ports: { s: origin.port },
    });
    const each = Math.ceil(load.requests / load.clients);
    const all = Array.from({ length: load.clients }, () =>
      client(proxy.ports['fe'] as number, each, load.abortShare),
    );
    const answers = (await Promise.all(all)).reduce((sum, one) => sum + one, 0);
    let row = await serverRow(proxy);
    await until(async () => {
      row = await serverRow(proxy);
      return row.scur === 0 && row.queued === 0;
    }, IDLE_MAX_MS);
    return { answers, most: origin.most, ...row };
  } finally {
    origin.stop();
  }
}
