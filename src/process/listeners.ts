/** The listeners of all proxies: opened when the process starts, closed when it stops. The main thread owns their descriptors; data
 * threads only poll them.
 */
import type { Configuration } from '../model/configuration.ts';
import type { Listener } from '../model/listener.ts';
import type { Addon } from '../native/addon.ts';
import { listenerWords } from './engine-tables.ts';
import type { Speaker } from './say.ts';
import { bindFault, type Opener, type SocketSettings } from './sockets.ts';

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

function settingsOf(listener: Listener, maxconn: number): SocketSettings {
  const { address, v6only, v4v6, mode, uid, gid } = listener;
  return { address, v6only, v4v6, mode, uid, gid, backlog: backlogOf(listener, maxconn) };
}

export class Listeners {
  /** By listener index; -1 = not open. */
  readonly descriptors: number[] = [];
  /** By listener index: the number by which a master knows its socket, 0 without one. */
  readonly socketIds: number[] = [];
  private readonly addon: Addon;
  private readonly configuration: Configuration;

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
        continue;
      }
      failed = true;
      this.descriptors.push(-1);
      const who = `${kindOf(listener)} ${listener.proxy.name}`;
      speaker.alert(bindFault(listener.place, who, listener.address, opened.error));
    }
    if (failed) return false;
    const words = listenerWords(this.configuration, this.descriptors, threads, this.socketIds);
    for (const [index, entry] of words.entries()) this.addon.setListener(index, entry);
    return true;
  }

  get openCount(): number {
    return this.descriptors.filter((fd) => fd >= 0).length;
  }

  /** Only when no thread polls them any more. */
  close(): void {
    for (const [index, fd] of this.descriptors.entries()) {
      if (fd >= 0) this.addon.closeFd(fd);
      this.descriptors[index] = -1;
    }
  }
}
