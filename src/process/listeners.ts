/** The listeners of all proxies: opened when the process starts, closed when it stops. The main thread owns their descriptors; data
 * threads only poll them.
 */
import { fstatSync } from 'node:fs';
import type { Configuration } from '../model/configuration.ts';
import type { Listener, ListenerAddress } from '../model/listener.ts';
import type { Proxy } from '../model/proxy.ts';
import type { Addon } from '../native/addon.ts';
import { listenerWords } from './engine-tables.ts';
import type { Speaker } from './say.ts';
import { bindFault, type Opener, type SocketSettings } from './sockets.ts';
import type { Description, OfferedSocket } from './transfer-wire.ts';

/** Accepted connections that may wait in the kernel, unless `backlog` or `maxconn` ask for more or less. */
const BACKLOG_DEFAULT = 1024;

function backlogOf(listener: Listener, maxconn: number): number {
  return (
    listener.backlog ||
    listener.proxy.backlog ||
    listener.maxconn ||
    listener.proxy.maxconn ||
    maxconn ||
    BACKLOG_DEFAULT
  );
}

/** How HAProxy calls a proxy that listens. */
function kindOf(listener: Listener): string {
  const { isBackend } = listener.proxy;
  return isBackend ? 'proxy' : 'frontend';
}

/** What its socket does not say by itself. */
function describeListener({ settings }: Listener): Description {
  return { namespace: settings.get('namespace')?.[0] ?? '', device: settings.get('interface')?.[0] ?? '' };
}

function settingsOf(listener: Listener, maxconn: number): SocketSettings {
  const { address, v6only, v4v6, mode, uid, gid } = listener;
  const backlog = backlogOf(listener, maxconn);
  return { address, v6only, v4v6, mode, uid, gid, backlog, ...describeListener(listener) };
}

/** Bit of `socketTraits`. */
const IS_LISTENING = 1;

/** TCP sockets that we or a master bound: they may stop listening and begin again. */
function hasPort({ kind }: ListenerAddress): boolean {
  return kind === 'ipv4' || kind === 'ipv6';
}

export class Listeners {
  /** By listener index; -1 = not open. */
  readonly descriptors: number[] = [];
  /** By listener index: the number by which a master knows its socket, 0 without one. */
  readonly socketIds: number[] = [];
  /** Another process has them too: what is done to a socket is done to both. */
  areShared = false;
  areNumberedByInode = false;
  /** Proxies that the runtime API disabled or shut down, by index. */
  private readonly silent = new Set<number>();
  private readonly addon: Addon;
  private readonly configuration: Configuration;
  /** Sockets of the runtime API. */
  private readonly others: OfferedSocket[] = [];
  private maxconn = 0;
  private threads = 1;

  constructor(addon: Addon, configuration: Configuration) {
    this.addon = addon;
    this.configuration = configuration;
  }

  wanted(maxconn: number): SocketSettings[] {
    const open = this.configuration.listeners.filter((listener) => !listener.proxy.disabled);
    return open.map((listener) => settingsOf(listener, maxconn));
  }

  /** Opens all and tells the engine; false when one could not be opened (each was named by an alert). */
  open(opener: Opener, speaker: Speaker, maxconn: number, threads: number): boolean {
    let failed = false;
    for (const listener of this.configuration.listeners) {
      this.socketIds.push(0);
      if (listener.proxy.disabled) {
        this.descriptors.push(-1);
        continue;
      }
      const opened = opener.open(settingsOf(listener, maxconn));
      if ('fd' in opened) {
        this.descriptors.push(opened.fd);
        this.socketIds[listener.index] = opened.socketId ?? 0;
        this.areShared ||= opened.socketId !== undefined;
        continue;
      }
      failed = true;
      this.descriptors.push(-1);
      const who = `${kindOf(listener)} ${listener.proxy.name}`;
      speaker.alert(bindFault(listener.place, who, listener.address, opened));
    }
    if (failed) return false;
    this.maxconn = maxconn;
    this.threads = threads;
    this.tellEngine();
    return true;
  }

  get openCount(): number {
    const { listeners } = this.configuration;
    return listeners.filter(
      ({ index, proxy }) => (this.descriptors[index] ?? -1) >= 0 && !this.silent.has(proxy.index),
    ).length;
  }

  /** Those that another process may take: not what we inherited ourselves. */
  get offered(): OfferedSocket[] {
    const { listeners } = this.configuration;
    const open = listeners.filter(
      ({ index, address }) => address.kind !== 'fd' && (this.descriptors[index] ?? -1) >= 0,
    );
    const offered = open.map((listener) => ({
      ...describeListener(listener),
      fd: this.descriptors[listener.index] as number,
    }));
    return [...offered, ...this.others];
  }

  /** Without a master a socket's number is its inode: another process that has the socket sees the same one. */
  numberByInode(): void {
    this.areNumberedByInode = true;
    for (const [index, fd] of this.descriptors.entries())
      this.socketIds[index] = fd < 0 ? 0 : fstatSync(fd).ino >>> 0;
    this.tellEngine();
  }

  alsoOffer(socket: OfferedSocket): void {
    this.others.push(socket);
  }

  /** Lets go of the ports without closing them; names without a file are closed, since nobody else could take them. Only when no thread
   * polls. False when a socket went on listening. */
  pause(): boolean {
    let areAll = true;
    for (const { index, address, proxy } of this.configuration.listeners) {
      const fd = this.descriptors[index] ?? -1;
      if (fd < 0 || this.areShared || this.silent.has(proxy.index)) continue;
      if (address.kind === 'abns') {
        this.addon.closeFd(fd);
        this.descriptors[index] = -1;
      } else if (address.kind !== 'unix' && address.kind !== 'fd') {
        const isPaused = this.addon.pauseListener(fd) === 0 || (this.addon.socketTraits(fd) & 1) === 0;
        areAll &&= isPaused;
      }
    }
    return areAll;
  }

  /** The reverse of `pause`; false when a port is somebody else's by now. */
  resume(opener: Opener): boolean {
    let areAll = true;
    for (const listener of this.configuration.listeners) {
      const { index, address, proxy } = listener;
      const fd = this.descriptors[index] ?? -1;
      if (fd < 0 && address.kind === 'abns' && !proxy.disabled) {
        const opened = opener.open(settingsOf(listener, this.maxconn));
        if ('fd' in opened) this.descriptors[index] = opened.fd;
        else areAll = false;
      } else if (this.silent.has(proxy.index)) continue;
      else if (fd >= 0 && !this.areShared && address.kind !== 'unix' && address.kind !== 'fd') {
        const isListening = this.addon.setBacklog(fd, backlogOf(listener, this.maxconn)) === 0;
        areAll &&= isListening;
      }
    }
    this.tellEngine();
    return areAll;
  }

  /** `disable frontend`: nobody is let in, and where there is a port who comes is refused. Only when no thread polls. Unix sockets and
   * inherited ones cannot be taken back once they were shut: who comes there waits. */
  silence(proxy: Proxy): void {
    this.silent.add(proxy.index);
    for (const { index, address } of proxy.listeners) {
      const fd = this.descriptors[index] ?? -1;
      if (fd >= 0 && hasPort(address)) this.addon.pauseListener(fd);
    }
    this.tellEngine();
  }

  /** `enable frontend`; false when a port is somebody else's by now. */
  unsilence(proxy: Proxy): boolean {
    this.silent.delete(proxy.index);
    const areAll = this.listenAgain(proxy.listeners);
    if (!areAll) this.silent.add(proxy.index);
    this.tellEngine();
    return areAll;
  }

  /** `shutdown frontend`: as `silence`, for good. */
  shut(proxy: Proxy): void {
    this.silence(proxy);
    for (const { index } of proxy.listeners) {
      const fd = this.descriptors[index] ?? -1;
      if (fd >= 0) this.addon.closeFd(fd);
      this.descriptors[index] = -1;
    }
    this.tellEngine();
  }

  /** Another worker may have left a shared socket silent. */
  wake(): void {
    for (const proxy of this.configuration.proxies) {
      if (!this.silent.has(proxy.index)) this.listenAgain(proxy.listeners);
    }
  }

  private listenAgain(listeners: readonly Listener[]): boolean {
    let areAll = true;
    for (const listener of listeners) {
      const fd = this.descriptors[listener.index] ?? -1;
      if (fd < 0 || !hasPort(listener.address) || (this.addon.socketTraits(fd) & IS_LISTENING) !== 0)
        continue;
      areAll &&= this.addon.setBacklog(fd, backlogOf(listener, this.maxconn)) === 0;
    }
    return areAll;
  }

  private tellEngine(): void {
    const polled = this.configuration.listeners.map(({ index, proxy }) =>
      this.silent.has(proxy.index) ? -1 : (this.descriptors[index] ?? -1),
    );
    const words = listenerWords(this.configuration, polled, this.threads, this.socketIds);
    for (const [index, entry] of words.entries()) this.addon.setListener(index, entry);
  }

  /** Only when no thread polls them any more. */
  close(): void {
    for (const [index, fd] of this.descriptors.entries()) {
      if (fd >= 0) this.addon.closeFd(fd);
      this.descriptors[index] = -1;
    }
  }
}
