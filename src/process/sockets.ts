/** Opens listening sockets: of proxies and of the runtime API, on IP addresses, unix paths, abstract names, or inherited. Descriptors
 * belong to whoever asked for them.
 */
import { chmodSync, chownSync, renameSync, unlinkSync } from 'node:fs';
import { getSystemErrorName } from 'node:util';
import { errnoText, errorText } from '../check/errno-text.ts';
import type { ListenerAddress } from '../model/listener.ts';
import type { Place } from '../model/place.ts';
import type { Addon } from '../native/addon.ts';
import { listenerSockaddr } from './addresses.ts';
import type { OldProcesses } from './old-processes.ts';

/** Flags of addon.listen. */
const LISTEN_V6ONLY = 1;
const LISTEN_V4V6 = 2;
/** One socket serves all threads: SO_REUSEPORT would only hide that somebody else has the port (except where our own overlap). */
const LISTEN_NO_REUSEPORT = 4;

/** Ports that are still being given up are tried again so often in all, this far apart; more often when an old process was told to go. */
export const BIND_TRIES_MAX = 10;
export const HANDOVER_TRIES_MAX = 300;
const BIND_RETRY_MS = 10;

export interface SocketSettings {
  readonly address: ListenerAddress;
  readonly backlog: number;
  readonly v6only: boolean;
  readonly v4v6: boolean;
  readonly mode: number | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

/** As messages show it: `0.0.0.0:80`, `:::80`, `unix@/path`, `abns@name`, `fd@3`. */
export function addressText(address: ListenerAddress): string {
  const { kind, host, port, fd } = address;
  if (kind === 'fd') return `fd@${fd}`;
  if (kind === 'unix') return host;
  if (kind === 'abns') return `abns@${host}`;
  return `${host === '' ? (kind === 'ipv4' ? '0.0.0.0' : '::') : host}:${port}`;
}

const PROTOCOLS: Readonly<Record<ListenerAddress['kind'], string>> = {
  ipv4: 'tcpv4',
  ipv6: 'tcpv6',
  unix: 'unix_stream',
  abns: 'unix_stream',
  fd: 'tcpv4',
};

/** HAProxy's sentence about a socket that could not be opened; <who> is `frontend x`. */
export function bindFault(place: Place, who: string, address: ListenerAddress, error: string): string {
  const isUnix = address.kind === 'unix' || address.kind === 'abns';
  const where = isUnix ? `[${addressText(address)}]` : `for [${addressText(address)}]`;
  const protocol = PROTOCOLS[address.kind];
  return `Binding [${place.file}:${place.line}] for ${who}: protocol ${protocol}: ${error} ${where}.`;
}

/** <socketId>: the number by which a master knows it. */
export type Opened = { readonly fd: number; readonly socketId?: number } | { readonly error: string };

/** Who opens sockets: this process itself, or its master. */
export interface Opener {
  /** All that will be asked for, in this order. */
  prepare(wanted: readonly SocketSettings[]): Promise<void>;
  /** The error is what HAProxy says between the protocol and the address. */
  open(settings: SocketSettings): Opened;
}

/** A unix socket is bound beside its name and takes it when it listens and has its owner and mode: clients never meet a socket that
 * is not ready, and a process that still listens under the name keeps its own. */
function openUnix(addon: Addon, settings: SocketSettings): Opened {
  const { address, uid, gid, mode } = settings;
  const path = address.host;
  const temporary = `${path}.${process.pid}.tmp`;
  let sockaddr: Uint8Array;
  try {
    sockaddr = listenerSockaddr({ ...address, host: temporary });
  } catch {
    return { error: `socket path '${path}' is too long` };
  }
  remove(temporary);
  const fd = addon.listen(sockaddr, settings.backlog, 0);
  if (fd < 0) return { error: `cannot bind UNIX socket (${errnoText(-fd)})` };
  try {
    if (uid !== undefined || gid !== undefined) chownSync(temporary, uid ?? -1, gid ?? -1);
    if (mode !== undefined) chmodSync(temporary, mode);
    renameSync(temporary, path);
  } catch (error) {
    addon.closeFd(fd);
    remove(temporary);
    return { error: `cannot change UNIX socket ownership or name (${errorText(error)})` };
  }
  return { fd };
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It was not there.
  }
}

const sleepWord = new Int32Array(new SharedArrayBuffer(4));

/** Only while the process starts. */
function pause(ms: number): void {
  Atomics.wait(sleepWord, 0, 0, ms);
}

/** Opens sockets one after the other. One for the whole start: it knows which ports are asked for more than once, and how long it may
 * still wait for a port. */
export class SocketOpener implements Opener {
  private readonly addon: Addon;
  private readonly old: OldProcesses;
  private readonly sharedPorts: ReadonlySet<number>;
  private readonly seenPorts = new Set<number>();
  private triesLeft: number;

  constructor(addon: Addon, old: OldProcesses, sharedPorts: ReadonlySet<number>) {
    this.addon = addon;
    this.old = old;
    this.sharedPorts = sharedPorts;
    this.triesLeft = old.exist ? HANDOVER_TRIES_MAX : BIND_TRIES_MAX;
  }

  async prepare(): Promise<void> {}

  /** This process has a socket on <port>: others of ours may overlap with it. */
  know(port: number): void {
    this.seenPorts.add(port);
  }

  open(settings: SocketSettings): Opened {
    const { address } = settings;
    if (address.kind === 'fd') {
      const result = this.addon.adoptListener(address.fd);
      return result < 0
        ? { error: `cannot use file descriptor '${address.fd}' (${errnoText(-result)})` }
        : { fd: address.fd };
    }
    if (address.kind === 'unix') return openUnix(this.addon, settings);
    // The kernel's usual answer for :: is both families; HAProxy leaves it so.
    const family = settings.v6only ? LISTEN_V6ONLY : LISTEN_V4V6;
    const fd = this.listen(address, listenerSockaddr(address), settings.backlog, family);
    if (fd >= 0) return { fd };
    const what = address.kind === 'abns' ? 'cannot bind UNIX socket' : 'cannot bind socket';
    return { error: `${what} (${errnoText(-fd)})` };
  }

  /** Addresses that overlap on one port (`:80` and `:::80`) are allowed within the process: these sockets share the port, after one
   * try without sharing has shown that it is nobody else's. */
  private listen(address: ListenerAddress, sockaddr: Uint8Array, backlog: number, family: number): number {
    const isShared = address.kind !== 'abns' && this.sharedPorts.has(address.port);
    if (isShared && this.seenPorts.has(address.port)) return this.addon.listen(sockaddr, backlog, family);
    this.seenPorts.add(address.port);
    const fd = this.tryListen(sockaddr, backlog, LISTEN_NO_REUSEPORT | family);
    if (fd < 0 || !isShared) return fd;
    this.addon.closeFd(fd);
    return this.addon.listen(sockaddr, backlog, family);
  }

  private tryListen(sockaddr: Uint8Array, backlog: number, flags: number): number {
    let result = this.addon.listen(sockaddr, backlog, flags);
    while (result < 0 && this.triesLeft > 0 && getSystemErrorName(result) === 'EADDRINUSE') {
      this.old.tell();
      this.triesLeft--;
      pause(BIND_RETRY_MS);
      result = this.addon.listen(sockaddr, backlog, flags);
    }
    return result;
  }
}

/** Ports that more than one listener asks for. */
export function sharedPorts(addresses: readonly ListenerAddress[]): ReadonlySet<number> {
  const seen = new Set<number>();
  const shared = new Set<number>();
  for (const { kind, port } of addresses) {
    if (kind !== 'ipv4' && kind !== 'ipv6') continue;
    if (seen.has(port)) shared.add(port);
    seen.add(port);
  }
  return shared;
}
