/** Joins a socket and a session: what is received goes in, pieces of an answer come out only as fast as the client reads them, and no
 * turn of the loop is given to one client for long. Owned by the server that accepted the socket.
 */
import type { Socket } from 'node:net';
import { fail, type SettledAnswer } from './answer.ts';
import type { Flow, Talk } from './flow.ts';

/** Answers wait in memory for slow readers up to this; then the session waits. */
const SEND_MAX_BYTES = 64 * 1024;
/** Pieces are sent in lumps of so much. */
const LUMP_BYTES = 16 * 1024;
/** What one client may take of a turn; the others, and with one thread the traffic, come in between. */
const TURN_BUDGET_MS = 2;
/** Input that waits while a command is under way; more is read when it is done. */
const WAITING_INPUT_MAX_BYTES = 256 * 1024;

export class Conversation {
  private readonly socket: Socket;
  private readonly session: Talk;
  private readonly flows: Flow[] = [];
  private isPaused = false;
  private isEnded = false;
  /** The flow stopped for a promise, for a reader or for the next turn. */
  private isResting = false;
  private outcome: SettledAnswer | undefined;
  private waitingBytes = 0;
  /** Monotonic ms of the last byte from the client, or of the end of the last answer. */
  private idleSinceMs = performance.now();

  constructor(socket: Socket, session: Talk) {
    this.socket = socket;
    this.session = session;
  }

  /** <greeting> is sent at once. */
  begin(greeting = ''): void {
    const { socket, session } = this;
    this.write(greeting);
    socket.setTimeout(session.client.timeoutMs, () => socket.destroy());
    socket.on('data', (data) => {
      this.waitingBytes += data.length;
      this.feed(session.take(data.toString('latin1')));
    });
    socket.on('end', () => {
      session.client.hasShut = true;
      this.feed(session.end());
    });
    socket.on('drain', () => this.wake());
    socket.on('close', () => {
      session.client.hasShut = true;
      session.client.isClosing = true;
      for (const flow of this.flows.splice(0)) flow.return();
    });
  }

  /** How long nothing was asked; 0 while an answer is under way. Of a client that shut its side while a command rests nobody can tell
   * whether it is still there. */
  idleMs(nowMs: number): number {
    const isAtWork = this.flows.length > 0 && !(this.session.client.hasShut && this.isResting);
    return this.isEnded || isAtWork ? 0 : nowMs - this.idleSinceMs;
  }

  destroy(): void {
    this.socket.destroy();
  }

  private feed(flow: Flow): void {
    this.flows.push(flow);
    if (this.waitingBytes > WAITING_INPUT_MAX_BYTES && !this.isPaused) {
      this.isPaused = true;
      this.socket.pause();
    }
    if (!this.isResting) this.pump();
  }

  private wake(): void {
    if (!this.isResting) return;
    this.isResting = false;
    this.pump();
  }

  private wait(promise: Promise<SettledAnswer>): void {
    this.isResting = true;
    // A command that works is not an idle client.
    this.socket.setTimeout(0);
    const resume = (answer: SettledAnswer) => {
      this.outcome = answer;
      this.wake();
    };
    promise.then(resume, (error: unknown) => resume(fail(`Internal error: ${String(error)}.\n`)));
  }

  private pump(): void {
    const until = performance.now() + TURN_BUDGET_MS;
    let lump = '';
    while (this.flows.length > 0) {
      const given = this.outcome;
      this.outcome = undefined;
      const next = (this.flows[0] as Flow).next(given);
      if (next.done === true) {
        this.flows.shift();
        continue;
      }
      if (typeof next.value !== 'string') {
        this.write(lump);
        this.wait(next.value);
        return;
      }
      lump += next.value;
      if (lump.length < LUMP_BYTES) continue;
      this.write(lump);
      lump = '';
      if (this.mustRest(until)) return;
    }
    this.write(lump);
    this.rest();
  }

  private write(text: string): void {
    if (text !== '' && this.socket.writable) this.socket.write(text, 'latin1');
  }

  /** The client has enough to read, or others shall have their turn. */
  private mustRest(until: number): boolean {
    if (this.socket.destroyed) return true;
    this.isResting = true;
    if (this.socket.writableLength > SEND_MAX_BYTES) return true;
    if (performance.now() > until) {
      setImmediate(() => this.wake());
      return true;
    }
    this.isResting = false;
    return false;
  }

  /** From now on the connection belongs to a command. */
  private handOver(takeOver: (connection: Socket) => void): void {
    const { socket } = this;
    this.isEnded = true;
    for (const event of ['data', 'end', 'drain', 'timeout']) socket.removeAllListeners(event);
    takeOver(socket);
  }

  /** Everything asked is answered. */
  private rest(): void {
    const { socket } = this;
    const { client } = this.session;
    this.waitingBytes = 0;
    this.idleSinceMs = performance.now();
    if (this.isPaused) {
      this.isPaused = false;
      socket.resume();
    }
    socket.setTimeout(client.timeoutMs);
    if (client.takeOver !== undefined) {
      this.handOver(client.takeOver);
      return;
    }
    if (!client.isClosing || this.isEnded) return;
    this.isEnded = true;
    socket.end();
    // What the client still sends is not read: it must not keep the connection, nor fill memory.
    socket.removeAllListeners('data');
    socket.resume();
  }
}
