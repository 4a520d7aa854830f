/**
 * What one scripted termination is: a frontend and its backend, what the server does, what the client does. The scripts
 * are data for every program that reads haproxy.cfg; the sockets they open belong to the stage that runs them.
 */
import { isTaken } from '../../tool/kernel-sockets.ts';
import type { RawSocket } from '../../tool/raw-socket.ts';

export interface Scenario {
  /** Names the frontend too (the backend is `<name>-b`); letters and hyphens. */
  name: string;
  mode?: 'http' | 'tcp';
  /** `option httplog` unless said otherwise; `default` sets no log option. */
  log?: 'httplog' | 'tcplog' | 'default';
  front?: readonly string[];
  /** Lines of the backend; without them one server, `server s1 {s1}`. `{s1} {s2}` are scripted, `{nobody}` refuses,
   * `{silent}` never completes a connection. */
  back?: readonly string[];
  /** No backend at all. */
  noBackend?: boolean;
  server?: (peer: RawSocket, index: number) => Promise<void>;
  client: (stage: ClientStage) => Promise<void>;
  /** The bytes depend on how much the kernel and the proxy hold: any number is right. */
  bytesVary?: boolean;
  /** How many log lines the scenario gives; 1 unless said otherwise. */
  lines?: number;
}

export interface ClientStage {
  open(): Promise<RawSocket>;
  /** Waits until the server has accepted <count> connections and read something on the last. */
  served(count: number): Promise<RawSocket>;
  /** Waits until the proxy has accepted the connection and read all that was sent on it. */
  taken(client: RawSocket): Promise<void>;
  /** Waits for the nth log line of the scenario. */
  logged(count: number): Promise<void>;
}

export const date = 'Date: Sat, 01 Jan 2000 00:00:00 GMT\r\n';

export function request(path: string, ...fields: string[]): string {
  return ask('GET', path, ...fields);
}

export function ask(method: string, path: string, ...fields: string[]): string {
  return `${method} ${path} HTTP/1.1\r\nHost: a.example\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;
}

export function response(status: string, body: string, ...fields: string[]): string {
  const lines = [`Content-Length: ${body.length}`, ...fields].map((field) => `${field}\r\n`).join('');
  return `HTTP/1.1 ${status}\r\n${date}${lines}\r\n${body}`;
}

/** A server that reads each request's head and answers it. */
export function answers(...texts: string[]): (peer: RawSocket) => Promise<void> {
  return async (peer) => {
    for (const text of texts) {
      await peer.receiveHead();
      await peer.send(text);
    }
  };
}

/** Reads a head, sends <text>, then ends the connection as told. */
export function endsAfter(text: string, end: 'close' | 'reset'): (peer: RawSocket) => Promise<void> {
  return async (peer) => {
    await peer.receive(1);
    if (text !== '') await peer.send(text);
    // A reset takes back what the proxy has not read: it must have read what it was sent, and have dealt with it.
    if (end === 'reset' && text !== '') {
      await isTaken(peer);
      await pause(40);
    }
    if (end === 'reset') peer.reset();
    else peer.socket.end();
  };
}

/** A server that reads and says nothing. */
export const mute = async (): Promise<void> => undefined;

/** The scripts are about time, so some of them let it pass: a fixed length is the content here, not a wait. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** One request on a connection of its own, read until the proxy closes or the response is there. */
export function asks(text: string, closing = true): (stage: ClientStage) => Promise<void> {
  return async ({ open, logged }) => {
    const client = await open();
    await client.send(text);
    if (closing) await logged(1);
  };
}
