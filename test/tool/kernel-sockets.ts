/**
 * What the kernel knows about the other end of a connection on 127.0.0.1: whether the program there has accepted it
 * and read everything, and whether it still holds any. Tests wait for this where they would else let time pass.
 */
import { readFileSync } from 'node:fs';
import type { RawSocket } from './raw-socket.ts';
import { until } from './until.ts';

interface Row {
  readonly localPort: number;
  readonly remotePort: number;
  readonly isListening: boolean;
  /** Octets sent and not acknowledged, arrived and not read. */
  readonly unsent: number;
  readonly unread: number;
  /** A program has it as a descriptor: it was accepted and not closed. */
  readonly isHeld: boolean;
}

const LISTEN = '0A';

function readRows(): Row[] {
  const lines = readFileSync('/proc/net/tcp', 'latin1').trimEnd().split('\n').slice(1);
  return lines.map((line) => {
    const [, local = '', remote = '', state = '', queues = '', , , , , inode = ''] = line.trim().split(/\s+/);
    const port = (address: string): number => Number.parseInt(address.slice(-4), 16);
    const [unsent = '', unread = ''] = queues.split(':');
    return {
      localPort: port(local),
      remotePort: port(remote),
      isListening: state === LISTEN,
      unsent: Number.parseInt(unsent, 16),
      unread: Number.parseInt(unread, 16),
      isHeld: inode !== '0',
    };
  });
}

/** Waits until the program at the other end has accepted the connection and read all that was sent on it. */
export async function isTaken({ socket: { localPort = 0, remotePort = 0 } }: RawSocket): Promise<void> {
  const sees = () => {
    const rows = readRows();
    const ours = rows.find((row) => row.localPort === localPort && row.remotePort === remotePort);
    const theirs = rows.find((row) => row.localPort === remotePort && row.remotePort === localPort);
    if (ours === undefined || theirs === undefined) return true; // it is over: nothing is left to read
    return ours.unsent === 0 && theirs.unread === 0 && theirs.isHeld;
  };
  await until(sees, undefined, `the other end of ${localPort} -> ${remotePort} to read`);
}

/** Waits until no program holds a connection that was accepted on <port>. */
export async function isLeft(port: number): Promise<void> {
  const sees = () => readRows().every((row) => row.localPort !== port || row.isListening || !row.isHeld);
  await until(sees, undefined, `the connections on port ${port} to be closed`);
}
