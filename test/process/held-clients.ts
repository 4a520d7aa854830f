/**
 * Clients that hold a connection and rest: each asks once, lies idle over whatever happens to the proxy, and asks again on the
 * same connection. What comes back tells whether it survived and which process answered. They belong to who opened them.
 */
import { connect, type Socket } from 'node:net';
import { AnswerReader, type Ask } from '../../src/prove/answer-reader.ts';
import { originAsk } from '../../src/prove/asks.ts';

const ANSWER_WITHIN_MS = 30_000;
/** So many are opened at once: more would only fill the listen queue. */
const OPEN_AT_ONCE = 100;

class HeldClient {
  readonly localPort: number;
  pid = 0;
  isOver = false;
  private readonly socket: Socket;
  private readonly reader = new AnswerReader();
  private settle: ((isRight: boolean) => void) | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    this.localPort = socket.localPort ?? 0;
    socket.on('data', (bytes: Buffer) => this.arrived(bytes));
    for (const event of ['end', 'error', 'close'] as const) socket.on(event, () => this.end());
  }

  /** True when the answer is right. */
  ask(ask: Ask): Promise<boolean> {
    if (this.isOver) return Promise.resolve(false);
    this.reader.begin(ask);
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.settle?.(false), ANSWER_WITHIN_MS);
      this.settle = (isRight) => {
        clearTimeout(timer);
        this.settle = undefined;
        resolve(isRight);
      };
      this.socket.write(ask.request, 'latin1');
    });
  }

  close(): void {
    this.socket.destroy();
  }

  private arrived(bytes: Buffer): void {
    for (let at = 0; at < bytes.length && this.settle !== undefined; ) {
      at = this.reader.take(bytes, at, bytes.length);
      if (this.reader.state === 'wrong') this.settle(false);
      else if (this.reader.state === 'done') {
        this.pid = Number(this.reader.field('x-pid') ?? 0);
        this.settle(true);
      }
    }
  }

  private end(): void {
    this.isOver = true;
    this.settle?.(false);
  }
}

export interface Roll {
  /** Clients that got a right answer on the connection they had. */
  readonly answered: number;
  /** Connections that the proxy has ended. */
  readonly ended: number;
  /** How many each process answered. */
  readonly pids: ReadonlyMap<number, number>;
}

export class HeldClients {
  private readonly clients: HeldClient[] = [];
  private readonly ask = originAsk(64);

  static async open(ports: readonly number[], count: number): Promise<HeldClients> {
    const held = new HeldClients();
    for (let opened = 0; opened < count; opened += OPEN_AT_ONCE) {
      const some = Array.from({ length: Math.min(OPEN_AT_ONCE, count - opened) }, (_, i) =>
        held.openOne(ports[(opened + i) % ports.length] as number),
      );
      await Promise.all(some);
    }
    return held;
  }

  private async openOne(port: number): Promise<void> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    this.clients.push(new HeldClient(socket));
  }

  get ended(): number {
    return this.clients.filter((client) => client.isOver).length;
  }

  /** Everybody asks once more, all at once. */
  async callRoll(): Promise<Roll> {
    const answers = await Promise.all(this.clients.map((client) => client.ask(this.ask)));
    const pids = new Map<number, number>();
    for (const [i, client] of this.clients.entries()) {
      if (answers[i]) pids.set(client.pid, (pids.get(client.pid) ?? 0) + 1);
    }
    return { answered: answers.filter(Boolean).length, ended: this.ended, pids };
  }

  close(): void {
    for (const client of this.clients) client.close();
  }
}
