/** The sockets of all workers: bound once, numbered, handed out as often as a worker asks, closed when no worker uses them any more.
 * A number is never used again in the master's life, and a socket keeps its inode over every reload.
 */
import { chmodSync, chownSync, lstatSync } from 'node:fs';
import type { Addon } from '../../native/addon.ts';
import { OldProcesses } from '../old-processes.ts';
import { SocketOpener, type SocketSettings } from '../sockets.ts';
import type { TransferredSockets } from '../transferred-sockets.ts';

export type BrokerAnswer = { readonly socketId: number; readonly fd: number } | { readonly error: string };

interface Owned {
  readonly socketId: number;
  readonly fd: number;
  readonly key: string;
  readonly port: number;
  /** Of a unix socket's name, to see whether the name is still ours. */
  readonly inode: number;
  settings: SocketSettings;
}

/** What is the same for two sockets that cannot be told apart by a client; the rest may be changed while it is open. */
function keyOf(settings: SocketSettings): string {
  const { backlog: _backlog, mode: _mode, uid: _uid, gid: _gid, ...rest } = settings;
  const { source: _source, ...address } = rest.address;
  return JSON.stringify({ ...rest, address });
}

function inodeOf({ address }: SocketSettings): number {
  if (address.kind !== 'unix') return 0;
  try {
    return lstatSync(address.host).ino;
  } catch {
    return -1;
  }
}

function isNamed({ inode, settings }: Owned): boolean {
  return inode === 0 || inode === inodeOf(settings);
}

/** As a worker that has no sockets yet finds it. */
export interface SavedSocket {
  readonly socketId: number;
  readonly fd: number;
  readonly key: string;
  readonly port: number;
  readonly inode: number;
  readonly settings: SocketSettings;
}

export class Broker {
  private readonly addon: Addon;
  private readonly sockets = new Map<number, Owned>();
  private readonly byKey = new Map<string, Owned>();
  private nextId = 1;
  /** Of the process that this one replaces (`-x`): for the first worker. */
  transferred: TransferredSockets | undefined;
  private old: OldProcesses;

  /** <old> are told to go when they hold a port that the first worker needs. */
  constructor(addon: Addon, old: OldProcesses = new OldProcesses([], [])) {
    this.addon = addon;
    this.old = old;
  }

  /** For each of <wanted> a socket, opened now or known, or why not. Known ones stay with whoever else uses them. */
  open(wanted: readonly SocketSettings[]): BrokerAnswer[] {
    const seen = new Map<string, number>();
    const opener = new SocketOpener(this.addon, this.old, this.transferred);
    for (const { settings } of this.sockets.values()) opener.know(settings);
    const answers = wanted.map((settings) => {
      // The same address may be asked for more than once; the n-th is the n-th again after a reload.
      const plain = keyOf(settings);
      const count = (seen.get(plain) ?? 0) + 1;
      seen.set(plain, count);
      return this.openOne(opener, `${count} ${plain}`, settings);
    });
    opener.end();
    this.transferred = undefined;
    return answers;
  }

  /** No name of <socketIds> was removed or given to another socket. */
  areNamed(socketIds: ReadonlySet<number>): boolean {
    return [...socketIds].every((socketId) => {
      const socket = this.sockets.get(socketId);
      return socket !== undefined && isNamed(socket);
    });
  }

  /** Closes what is in none of <used>. */
  keepOnly(used: ReadonlySet<number>): void {
    for (const [socketId, socket] of this.sockets) {
      if (used.has(socketId)) continue;
      this.sockets.delete(socketId);
      if (this.byKey.get(socket.key) === socket) this.byKey.delete(socket.key);
      // An inherited descriptor is somebody else's to close: it may be asked for again.
      if (socket.settings.address.kind !== 'fd') this.addon.closeFd(socket.fd);
    }
  }

  /** For the program that follows this one in the same process. */
  save(): { readonly nextId: number; readonly sockets: readonly SavedSocket[] } {
    return { nextId: this.nextId, sockets: [...this.sockets.values()] };
  }

  restore({ nextId, sockets }: ReturnType<Broker['save']>): void {
    this.nextId = nextId;
    for (const socket of sockets) {
      this.sockets.set(socket.socketId, { ...socket });
      this.byKey.set(socket.key, this.sockets.get(socket.socketId) as Owned);
    }
  }

  private openOne(opener: SocketOpener, key: string, settings: SocketSettings): BrokerAnswer {
    const known = this.byKey.get(key);
    if (known !== undefined && isNamed(known)) {
      this.adjust(known, settings);
      return known;
    }
    const opened = opener.open(settings);
    if ('error' in opened) return opened;
    const { kind, port } = settings.address;
    const isIp = kind === 'ipv4' || kind === 'ipv6';
    const socket = {
      socketId: this.nextId++,
      fd: opened.fd,
      key,
      port: isIp ? port : 0,
      inode: inodeOf(settings),
      settings,
    };
    this.sockets.set(socket.socketId, socket);
    this.byKey.set(key, socket);
    return socket;
  }

  /** What may differ from the last configuration is set anew. */
  private adjust(socket: Owned, settings: SocketSettings): void {
    const { backlog, mode, uid, gid } = socket.settings;
    if (backlog !== settings.backlog) this.addon.setBacklog(socket.fd, settings.backlog);
    if (settings.address.kind === 'unix') {
      const path = settings.address.host;
      try {
        if (settings.uid !== uid || settings.gid !== gid)
          chownSync(path, settings.uid ?? -1, settings.gid ?? -1);
        if (settings.mode !== undefined && settings.mode !== mode) chmodSync(path, settings.mode);
      } catch {
        // Without the right to it the socket keeps what it has, as one that was inherited would.
      }
    }
    socket.settings = settings;
  }
}
