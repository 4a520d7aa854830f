/**
 * The syslog server of the log scenarios: a UDP socket that reads and counts, so that a proxy which drops lines under
 * load is seen to. It keeps the last lines for the check. Lines that the kernel dropped here count as sent.
 */
import { createSocket, type Socket } from 'node:dgram';
import { udpDrops } from './cpu-meter.ts';
import { freePort } from './machine.ts';

const RECEIVE_BUFFER_BYTES = 8 * 1024 * 1024;
/** Lines kept for the check. */
const LINES_KEPT = 8;

export class LogSink {
  readonly port: number;
  readonly #socket: Socket;
  #received = 0;
  readonly #last: Buffer[] = [];

  private constructor(socket: Socket, port: number) {
    this.#socket = socket;
    this.port = port;
    socket.on('message', (message) => {
      this.#last[this.#received % LINES_KEPT] = message;
      this.#received++;
    });
  }

  static async open(): Promise<LogSink> {
    const socket = createSocket('udp4');
    const port = await freePort();
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(port, '127.0.0.1', resolve);
    });
    try {
      socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
    } catch {
      // The system's own maximum stands; drops are counted all the same.
    }
    return new LogSink(socket, port);
  }

  /** The last few, unordered: the lines of two threads may arrive in either order. */
  get lastLines(): string {
    return this.#last.map((line) => line.toString('latin1')).join('\n');
  }

  /** Lines sent to this sink so far. */
  get lines(): number {
    return this.#received + udpDrops(this.port);
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.close(() => resolve());
    });
  }
}
