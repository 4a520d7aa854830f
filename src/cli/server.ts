/** The runtime API on its sockets: connections, their bounds, and one session for each. Listening descriptors are opened by
 * src/process; connections belong to this file.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { Control, Level } from './command.ts';
import { CliSession } from './session.ts';

export interface CliSocket {
  readonly fd: number;
  readonly level: Level;
}

export interface CliLimits {
  /** `stats maxconn`: connections of all sockets together. */
  readonly connections: number;
  /** `stats timeout`. */
  readonly timeoutMs: number;
}

/** Answers wait in memory for slow readers up to this; then the session waits. */
const SEND_MAX_BYTES = 64 * 1024;

export class CliServer {
  private readonly control: Control;
  private readonly limits: CliLimits;
  private readonly servers: Server[] = [];
  private readonly clients = new Set<Socket>();

  constructor(control: Control, limits: CliLimits) {
    this.control = control;
    this.limits = limits;
  }

  listen(sockets: readonly CliSocket[]): void {
    for (const { fd, level } of sockets) {
      // The client half-closes after its commands: our side stays open for the answers.
      const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
        this.accept(socket, level),
      );
      // A failed accept (no descriptors left) is an error of the server too: it goes on listening.
      server.on('error', () => {
        if (!server.listening) server.close();
      });
      server.listen({ fd });
      server.unref();
      this.servers.push(server);
    }
  }

  close(): void {
    for (const server of this.servers) server.close();
    for (const client of this.clients) client.destroy();
  }

  private accept(socket: Socket, level: Level): void {
    if (this.clients.size >= this.limits.connections) {
      socket.destroy();
      return;
    }
    this.clients.add(socket);
    socket.on('close', () => this.clients.delete(socket));
    socket.on('error', () => socket.destroy());
    const client = {
      level,
      isInteractive: false,
      hasPrompt: false,
      isClosing: false,
      isExpert: false,
      timeoutMs: this.limits.timeoutMs,
    };
    new Conversation(socket, new CliSession(this.control, client)).begin();
  }
}

/** Joins a socket and a session: pieces of an answer are made only as fast as the client reads them. */
class Conversation {
  private readonly socket: Socket;
  private readonly session: CliSession;
  private readonly pieces: Generator<string>[] = [];
  private isEnded = false;

  constructor(socket: Socket, session: CliSession) {
    this.socket = socket;
    this.session = session;
  }

  begin(): void {
    const { socket, session } = this;
    socket.setTimeout(session.client.timeoutMs, () => socket.destroy());
    socket.on('data', (data) => this.feed(session.take(data.toString('latin1'))));
    socket.on('end', () => this.feed(session.end()));
    socket.on('drain', () => this.pump());
  }

  private feed(pieces: Generator<string>): void {
    this.pieces.push(pieces);
    if (this.pieces.length === 1) this.pump();
  }

  private pump(): void {
    while (this.pieces.length > 0) {
      const next = (this.pieces[0] as Generator<string>).next();
      if (next.done === true) this.pieces.shift();
      else this.socket.write(next.value, 'latin1');
      if (this.socket.writableLength > SEND_MAX_BYTES) {
        // More is read from the client only when it has taken this.
        this.socket.pause();
        return;
      }
    }
    this.socket.resume();
    const { client } = this.session;
    this.socket.setTimeout(client.timeoutMs);
    if (!client.isClosing || this.isEnded) return;
    this.isEnded = true;
    this.socket.end();
  }
}
