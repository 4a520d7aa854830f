/** The runtime API on its sockets: connections, their bounds, and one session for each. Listening descriptors are opened by
 * src/process; connections belong to this file.
 */
import { createServer, type Server, Socket } from 'node:net';
import type { Level } from './command.ts';
import { Conversation } from './conversation.ts';
import type { Talk } from './flow.ts';

export interface CliSocket {
  readonly fd: number;
  readonly level: Level;
  readonly exposesListeners?: boolean;
}

export interface CliLimits {
  /** `stats maxconn`: connections of all sockets together. */
  readonly connections: number;
}

/** Makes the session of a client that was let in. */
export type NewTalk = (level: Level, mayTakeSockets: boolean) => Talk;

/** A client that asked nothing for so long gives way to another one when there are too many. */
const IDLE_YIELDS_MS = 1000;

export class CliServer {
  private readonly newTalk: NewTalk;
  private readonly limits: CliLimits;
  private readonly servers: Server[] = [];
  private readonly clients = new Map<Socket, Conversation>();

  constructor(newTalk: NewTalk, limits: CliLimits) {
    this.newTalk = newTalk;
    this.limits = limits;
  }

  listen(sockets: readonly CliSocket[]): void {
    for (const { fd, level, exposesListeners = false } of sockets) {
      // The client half-closes after its commands: our side stays open for the answers.
      const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
        this.accept(socket, level, exposesListeners),
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

  /** Takes over a connected stream descriptor: the master hands its clients on. */
  adopt(fd: number, level: Level): void {
    const socket = new Socket({ fd, readable: true, writable: true, allowHalfOpen: true });
    this.accept(socket, level, false);
    socket.resume();
  }

  get clientCount(): number {
    return this.clients.size;
  }

  /** Takes no more clients; those that are here stay. */
  stopListening(): void {
    for (const server of this.servers.splice(0)) server.close();
  }

  close(): void {
    for (const server of this.servers) server.close();
    for (const client of this.clients.keys()) client.destroy();
  }

  /** Makes room among <clients>: whoever asked nothing for longest goes. False when all are at work. */
  private makeRoom(): boolean {
    if (this.clients.size < this.limits.connections) return true;
    const nowMs = performance.now();
    let longestMs = IDLE_YIELDS_MS;
    let found: Conversation | undefined;
    for (const conversation of this.clients.values()) {
      const idleMs = conversation.idleMs(nowMs);
      if (idleMs < longestMs) continue;
      longestMs = idleMs;
      found = conversation;
    }
    found?.destroy();
    return found !== undefined;
  }

  private accept(socket: Socket, level: Level, exposesListeners: boolean): void {
    socket.on('error', () => socket.destroy());
    if (!this.makeRoom()) {
      socket.end(`Too many connections to the runtime API (stats maxconn ${this.limits.connections}).\n`);
      socket.resume();
      socket.setTimeout(IDLE_YIELDS_MS, () => socket.destroy());
      return;
    }
    const conversation = new Conversation(socket, this.newTalk(level, exposesListeners));
    this.clients.set(socket, conversation);
    socket.on('close', () => this.clients.delete(socket));
    conversation.begin();
  }
}
