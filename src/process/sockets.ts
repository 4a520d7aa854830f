/** Opens listening sockets: of proxies and of the runtime API, on IP addresses, unix paths, abstract names, inherited, or taken over
 * from another process (`-x`). Descriptors belong to whoever asked for them.
 */
import { chmodSync, chownSync, renameSync, unlinkSync } from 'node:fs';
import { errnoName, errnoText, errorText } from '../check/errno-text.ts';
import type { ListenerAddress } from '../model/listener.ts';
import type { Place } from '../model/place.ts';
import type { Addon } from '../native/addon.ts';
import { listenerSockaddr } from './addresses.ts';
import type { OldProcesses } from './old-processes.ts';
import { ownerText, portOwners } from './port-owner.ts';
import type { TransferredSockets } from './transferred-sockets.ts';

/** Flags of addon.listen. */
const LISTEN_V6ONLY = 1;
const LISTEN_V4V6 = 2;
/** SO_REUSEPORT would hide that somebody else has the port. */
const LISTEN_NO_REUSEPORT = 4;
/** Once that is known it is set: a process that replaces this one may then bind beside it. */
const LISTEN_SHARE_LATER = 32;

/** Ports that are still being given up are tried again so often in all, this far apart; more often when an old process was asked for
 * them. */
export const BIND_TRIES_MAX = 10;
export const HANDOVER_TRIES_MAX = 100;
const BIND_RETRY_MS = 10;

export interface SocketSettings {
  readonly address: ListenerAddress;
  readonly backlog: number;
  readonly v6only: boolean;
  readonly v4v6: boolean;
  readonly mode: number | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  /** Network namespace; '' = the process's own. */
  readonly namespace: string;
  /** Interface it is bound to, or ''. */
  readonly device: string;
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
export function bindFault(
  place: Place,
  who: string,
  address: ListenerAddress,
  { error, owner }: BindError,
): string {
  const isUnix = address.kind === 'unix' || address.kind === 'abns';
  const where = isUnix ? `[${addressText(address)}]` : `for [${addressText(address)}]`;
  const protocol = PROTOCOLS[address.kind];
  return `Binding [${place.file}:${place.line}] for ${who}: protocol ${protocol}: ${error} ${where}${owner === undefined ? '' : `, ${owner}`}.`;
}

export interface BindError {
  /** What HAProxy says between the protocol and the address. */
  readonly error: string;
  /** Who has it instead. */
  readonly owner?: string;
}

/** <socketId>: the number by which a master knows it. */
export type Opened = { readonly fd: number; readonly socketId?: number } | BindError;

/** Who opens sockets: this process itself, or its master. */
export interface Opener {
  /** All that will be asked for, in this order. */
  prepare(wanted: readonly SocketSettings[]): Promise<void>;
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

/** Opens sockets one after the other. One for the whole start: it knows which ports were asked for already, and how long it may still
 * wait for a port. */
export class SocketOpener implements Opener {
  private readonly addon: Addon;
  private readonly old: OldProcesses;
  private readonly transferred: TransferredSockets | undefined;
  private readonly ownPorts = new Set<string>();
  private readonly namespaces = new Map<string, number>();
  private triesLeft: number;

  /** <transferred> are taken instead of binding where they fit. */
  constructor(addon: Addon, old: OldProcesses, transferred?: TransferredSockets) {
    this.addon = addon;
    this.old = old;
    this.transferred = transferred;
    this.triesLeft = old.exist ? HANDOVER_TRIES_MAX : BIND_TRIES_MAX;
  }

  async prepare(): Promise<void> {}

  /** This process has such a socket: others of ours may overlap with it. */
  know(settings: SocketSettings): void {
    this.ownPorts.add(portKey(settings));
  }

  open(settings: SocketSettings): Opened {
    const { address } = settings;
    if (address.kind === 'fd') {
      const result = this.addon.adoptListener(address.fd);
      return result < 0
        ? { error: `cannot use file descriptor '${address.fd}' (${errnoText(-result)})` }
        : { fd: address.fd };
    }
    const sockaddr = listenerSockaddr(address);
    const taken = this.transferred?.take({ ...settings, sockaddr, transparent: false });
    if (taken !== undefined) {
      this.addon.adoptListener(taken);
      // It listens already; this sets how many may wait.
      this.addon.setBacklog(taken, settings.backlog);
      this.know(settings);
      return { fd: taken };
    }
    return address.kind === 'unix' ? openUnix(this.addon, settings) : this.bind(settings, sockaddr);
  }

  private bind(settings: SocketSettings, sockaddr: Uint8Array): Opened {
    const { address, device } = settings;
    const netns = this.namespace(settings.namespace);
    if ('error' in netns) return netns;
    const fd = this.listen(settings, sockaddr, netns.fd);
    if (fd >= 0) return { fd };
    const name = errnoName(-fd);
    if (device !== '' && (name === 'ENODEV' || name === 'EPERM'))
      return { error: `cannot bind receiver to device '${device}' (${errnoText(-fd)})` };
    const what = address.kind === 'abns' ? 'cannot bind UNIX socket' : 'cannot bind socket';
    const error = `${what} (${errnoText(-fd)})`;
    return name === 'EADDRINUSE' ? { error, owner: ownerText(portOwners(address)) } : { error };
  }

  /** A descriptor of the namespace, -1 for our own. */
  private namespace(name: string): Opened {
    if (name === '') return { fd: -1 };
    const fd = this.namespaces.get(name) ?? this.addon.netnsOpen(name);
    if (fd < 0) return { error: `cannot open namespace '${name}' (${errnoText(-fd)})` };
    this.namespaces.set(name, fd);
    return { fd };
  }

  /** Addresses that overlap on one port (`:80` and `:::80`) are allowed within the process: the first shows that the port is nobody
   * else's, the others share it. */
  private listen(settings: SocketSettings, sockaddr: Uint8Array, netns: number): number {
    const { backlog, device, address } = settings;
    // The kernel's usual answer for :: is both families; HAProxy leaves it so.
    const family = settings.v6only ? LISTEN_V6ONLY : LISTEN_V4V6;
    const attempt = (flags: number) => this.addon.listen(sockaddr, backlog, flags | family, netns, device);
    const key = portKey(settings);
    if (address.kind !== 'abns' && this.ownPorts.has(key)) return attempt(0);
    this.ownPorts.add(key);
    const alone = LISTEN_NO_REUSEPORT | LISTEN_SHARE_LATER;
    const first = attempt(alone);
    if (first >= 0 || !isInUse(first)) return first;
    // Looked up once: that reads the descriptors of every process.
    const isOurs = this.old.exist && this.isHeldByOld(address);
    const beside = isOurs && address.kind !== 'abns' ? attempt(0) : first;
    return isInUse(beside) ? this.waitFor(() => attempt(alone), isOurs) : beside;
  }

  /** Tries again while a port is being given up: by nobody in particular, or by the process that is replaced, which is asked to. */
  private waitFor(attempt: () => number, isOurs: boolean): number {
    let result = attempt();
    for (let tries = isOurs ? HANDOVER_TRIES_MAX : BIND_TRIES_MAX; isInUse(result); tries--) {
      if (tries === 0 || this.triesLeft-- <= 0) break;
      if (isOurs) this.old.pause();
      pause(BIND_RETRY_MS);
      result = attempt();
    }
    return result;
  }

  /** Sharing a port with the process that is replaced is what is wanted; with any other it would take its clients away. Who cannot be
   * seen may be it. */
  private isHeldByOld(address: ListenerAddress): boolean {
    return portOwners(address).every(({ pid }) => this.old.includes(pid));
  }

  /** The start is over: descriptors that nobody took, and of namespaces, are closed. How many sockets were not taken. */
  end(): number {
    for (const fd of this.namespaces.values()) this.addon.closeFd(fd);
    this.namespaces.clear();
    return this.transferred?.closeUnused() ?? 0;
  }
}

function isInUse(result: number): boolean {
  return result < 0 && errnoName(-result) === 'EADDRINUSE';
}

function portKey({ address, namespace, device }: SocketSettings): string {
  return `${address.port} ${namespace} ${device}`;
}
