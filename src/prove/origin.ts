/**
 * The built-in server behind a proxy that is put to the proof: every answer is a function of its path alone, so that
 * each octet of it can be judged. `/octets/<n>` answers n octets, any other path 512; an uploaded body must be the same pattern,
 * else the answer is 409. HTTP/1.1 on raw sockets: it costs little and never ends a connection by itself.
 */
import { createServer, type Server, type Socket } from 'node:net';

export const DEFAULT_BODY_BYTES = 512;
export const BODY_MAX_BYTES = 1 << 20;
const HEAD_MAX_BYTES = 65_536;
const LISTEN_BACKLOG = 4096;
const PATTERN = 'octets of a sluice, counted and compared. ';

/** The body of <length> octets, which begins like every other. */
export function patternBody(length: number): Buffer {
  return Buffer.alloc(length, PATTERN, 'latin1');
}

const EMPTY = Buffer.alloc(0);

class OriginConnection {
  private readonly socket: Socket;
  private readonly answers: Map<number, Buffer>;
  private pending: Buffer = EMPTY;
  private bodyLeft = 0;
  private bodySeen = 0;
  private isUploadRight = true;
  private answerBytes = DEFAULT_BODY_BYTES;
  private isLast = false;
  private isHead = false;

  constructor(socket: Socket, answers: Map<number, Buffer>) {
    this.socket = socket;
    this.answers = answers;
    socket.on('data', (bytes: Buffer) => this.arrived(bytes));
    socket.on('error', () => socket.destroy());
  }

  private arrived(bytes: Buffer): void {
    let rest = this.pending.length === 0 ? bytes : Buffer.concat([this.pending, bytes]);
    while (rest.length > 0) {
      if (this.bodyLeft > 0) {
        const taken = Math.min(this.bodyLeft, rest.length);
        this.takeBody(rest.subarray(0, taken));
        rest = rest.subarray(taken);
        continue;
      }
      const end = rest.indexOf('\r\n\r\n', 0, 'latin1');
      if (end < 0) break;
      this.takeHead(rest.toString('latin1', 0, end + 4));
      rest = rest.subarray(end + 4);
    }
    if (rest.length > HEAD_MAX_BYTES) this.socket.destroy();
    this.pending = rest.length === 0 ? EMPTY : Buffer.from(rest);
  }

  private takeHead(head: string): void {
    const path = /^\S+ (\S*)/.exec(head)?.[1] ?? '';
    const asked = Number(/^(?:https?:\/\/[^/]*)?\/octets\/(\d{1,7})\b/.exec(path)?.[1] ?? DEFAULT_BODY_BYTES);
    this.answerBytes = Math.min(asked, BODY_MAX_BYTES);
    this.isHead = head.startsWith('HEAD ');
    this.isLast = /\r\nconnection:[^\r]*close/i.test(head);
    this.bodyLeft = Number(/\r\ncontent-length:[ \t]*(\d{1,9})/i.exec(head)?.[1] ?? 0);
    this.bodySeen = 0;
    this.isUploadRight = true;
    if (this.bodyLeft === 0) this.answer();
  }

  private takeBody(bytes: Buffer): void {
    for (let i = 0; i < bytes.length; i++) {
      if (bytes[i] !== PATTERN.charCodeAt((this.bodySeen + i) % PATTERN.length)) this.isUploadRight = false;
    }
    this.bodySeen += bytes.length;
    this.bodyLeft -= bytes.length;
    if (this.bodyLeft === 0) this.answer();
  }

  private answer(): void {
    if (!this.isUploadRight) this.socket.write('HTTP/1.1 409 Conflict\r\nContent-Length: 0\r\n\r\n');
    else {
      const answer = answerOf(this.answers, this.answerBytes);
      this.socket.write(this.isHead ? answer.subarray(0, answer.length - this.answerBytes) : answer);
    }
    if (this.isLast) this.socket.end();
  }
}

function answerOf(answers: Map<number, Buffer>, length: number): Buffer {
  let answer = answers.get(length);
  if (answer === undefined) {
    const head = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${length}\r\n\r\n`;
    answer = Buffer.concat([Buffer.from(head, 'latin1'), patternBody(length)]);
    if (answers.size < 64) answers.set(length, answer); // a hostile path may not fill the memory
  }
  return answer;
}

export interface Origin {
  readonly port: number;
  close(): void;
}

/** Listens on 127.0.0.1:<port>, 0 = any that is free. */
export function startOrigin(port = 0): Promise<Origin> {
  const sockets = new Set<Socket>();
  const answers = new Map<number, Buffer>();
  const server: Server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    new OriginConnection(socket, answers);
  });
  const close = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1', backlog: LISTEN_BACKLOG }, () => {
      const address = server.address();
      resolve({ port: typeof address === 'object' && address !== null ? address.port : 0, close });
    });
  });
}
