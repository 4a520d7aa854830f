/**
 * A TCP connection seen as bytes: what has arrived and was not read yet, how the peer ended it (FIN or RST), and a
 * bounded wait for a condition over both. A Wire owns its socket; a WireServer owns the wires it accepted until close().
 */
import { createServer, connect as netConnect, type Server, type Socket } from 'node:net';

/** What a test keeps of one connection at most: enough for the largest body of the suites. */
const maxUnreadBytes = 64 * 1024 * 1024;

export class Wire {
  readonly socket: Socket;
  /** The peer sent FIN. */
  fin = false;
  /** The peer sent RST. */
  reset = false;
  closed = false;
  private chunks: Buffer[] = [];
  private joined: Buffer = Buffer.alloc(0);
  private length = 0;
  private wake: (() => void)[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.take(chunk));
    socket.on('end', () =>
      this.change(() => {
        this.fin = true;
      }),
    );
    socket.on('error', (error: NodeJS.ErrnoException) =>
      this.change(() => {
        this.reset ||= error.code === 'ECONNRESET' || error.code === 'EPIPE';
      }),
    );
    socket.on('close', () =>
      this.change(() => {
        this.closed = true;
      }),
    );
  }

  private take(chunk: Buffer): void {
    this.change(() => {
      this.chunks.push(chunk);
      this.length += chunk.length;
      if (this.length > maxUnreadBytes) this.socket.destroy(new Error('more unread bytes than a test keeps'));
    });
  }

  private change(apply: () => void): void {
    apply();
    const waiting = this.wake;
    this.wake = [];
    for (const wake of waiting) wake();
  }

  get ended(): boolean {
    return this.fin || this.reset || this.closed;
  }

  /** All that arrived and was not consumed. */
  get unread(): Buffer {
    if (this.chunks.length > 0) {
      this.joined = Buffer.concat([this.joined, ...this.chunks]);
      this.chunks = [];
    }
    return this.joined;
  }

  consume(nbytes: number): void {
    this.joined = this.unread.subarray(nbytes);
    this.length = this.joined.length;
  }

  send(data: string | Buffer): void {
    if (!this.socket.destroyed)
      this.socket.write(typeof data === 'string' ? Buffer.from(data, 'latin1') : data);
  }

  sendFin(): void {
    this.socket.end();
  }

  sendReset(): void {
    this.socket.resetAndDestroy();
  }

  /** Resolves at the next change of this wire, or after <ms>. */
  next(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** Waits until <probe> gives something; undefined when the deadline (performance.now) passes first. */
  async until<T>(probe: () => T | undefined, deadline: number): Promise<T | undefined> {
    for (;;) {
      const found = probe();
      if (found !== undefined) return found;
      const left = deadline - performance.now();
      if (left <= 0) return undefined;
      await this.next(left);
    }
  }
}

/** Opens a connection; resolves when it is established, rejects when it is refused. */
export function openWire(port: number, host = '127.0.0.1'): Promise<Wire> {
  return new Promise((resolve, reject) => {
    const socket = netConnect({ port, host, allowHalfOpen: true });
    const wire = new Wire(socket);
    socket.once('connect', () => resolve(wire));
    socket.once('error', reject);
  });
}

/** A listening socket that says nothing by itself; every accepted connection is a Wire in <wires>, in order. */
export class WireServer {
  readonly server: Server;
  wires: Wire[] = [];
  private arrival: (() => void)[] = [];

  constructor() {
    this.server = createServer({ allowHalfOpen: true }, (socket) => {
      const wire = new Wire(socket);
      this.wires.push(wire);
      const poke = (): void => {
        const waiting = this.arrival;
        this.arrival = [];
        for (const wake of waiting) wake();
      };
      for (const event of ['data', 'end', 'close']) socket.on(event, poke);
      poke();
    });
  }

  listen(port = 0, host = '127.0.0.1'): Promise<number> {
    return new Promise((resolve) => {
      this.server.listen(port, host, () => {
        const address = this.server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
  }

  /** Waits for <probe> over all accepted wires. */
  async until<T>(probe: () => T | undefined, deadline: number): Promise<T | undefined> {
    for (;;) {
      const found = probe();
      if (found !== undefined) return found;
      const left = deadline - performance.now();
      if (left <= 0) return undefined;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.arrival.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** Drops all connections and forgets them: the next case starts on a clean table. */
  forget(): void {
    for (const wire of this.wires) wire.socket.destroy();
    this.wires = [];
  }

  close(): Promise<void> {
    this.forget();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }
}
