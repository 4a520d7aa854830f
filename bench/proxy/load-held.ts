/**
 * Connections that are opened and then left alone, where wrk cannot: `idle` ones have read a whole answer and stay,
 * `stalled` ones have asked for a long body and read nothing more. Owns its sockets until they are released.
 */
import { connect, type Socket } from 'node:net';
import { requestHead } from './exchange.ts';
import type { Request } from './scenarios.ts';

/** So many are being opened at a time: a listen queue is not what is measured. */
const OPENING_MAX = 64;
const OPEN_WITHIN_MS = 60_000;
/** Each source address gives its own range of client ports. */
const PER_SOURCE_ADDRESS = 5_000;

export interface HeldConnections {
  /** Those that the other side has closed since. */
  readonly lost: number;
  release(): void;
}

/** Resolves when the connection is as it shall stay. */
const open = (port: number, source: string, head: Buffer, answerBytes: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress: source });
    socket.setTimeout(OPEN_WITHIN_MS, () => reject(new Error('a connection got no answer in time')));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('a connection was closed before its answer')));
    const settle = (): void => {
      socket.setTimeout(0);
      resolve(socket);
    };
    socket.once('connect', () => {
      socket.write(head);
      if (answerBytes === 0) settle();
    });
    if (answerBytes === 0) {
      socket.pause();
      return;
    }
    let received = 0;
    socket.on('data', (piece) => {
      received += piece.length;
      if (received >= answerBytes) settle();
    });
  });

/** `answerBytes` is the length of a whole answer on the wire, or 0 to read nothing of it. */
export const holdConnections = async (
  port: number,
  count: number,
  request: Request,
  answerBytes: number,
): Promise<HeldConnections> => {
  const sockets: Socket[] = [];
  const head = requestHead(request, 0);
  let lost = 0;
  let next = 0;
  const release = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const opener = async (): Promise<void> => {
    while (next < count) {
      const source = `127.0.0.${2 + Math.floor(next++ / PER_SOURCE_ADDRESS)}`;
      const socket = await open(port, source, head, answerBytes);
      socket.on('close', () => lost++);
      sockets.push(socket);
    }
  };
  const openers = await Promise.allSettled(Array.from({ length: OPENING_MAX }, opener));
  const failed = openers.find((result) => result.status === 'rejected');
  if (failed) {
    release();
    throw new Error(`${sockets.length} of ${count} connections: ${String(failed.reason)}`);
  }
  return {
    release,
    get lost() {
      return lost;
    },
  };
};
