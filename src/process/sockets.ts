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

/** Flags of addon.listen. */
const LISTEN_V6ONLY = 1;
const LISTEN_V4V6 = 2;
/** One socket serves all threads: SO_REUSEPORT would only hide that somebody else has the port. */
const LISTEN_NO_REUSEPORT = 4;

/** A port that is still being given up is tried again so often, this far apart. */
export const BIND_TRIES_MAX = 10;
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

export type Opened = { readonly fd: number } | { readonly error: string };

const sleepWord = new Int32Array(new SharedArrayBuffer(4));

/** Only while the process starts. */
function pause(ms: number): void {
  Atomics.wait(sleepWord, 0, 0, ms);
}

function listenAt(addon: Addon, sockaddr: Uint8Array, backlog: number, flags: number): number {
  let result = addon.listen(sockaddr, backlog, flags);
  for (let tries = 1; result < 0 && tries < BIND_TRIES_MAX; tries++) {
    if (getSystemErrorName(result) !== 'EADDRINUSE') return result;
    pause(BIND_RETRY_MS);
    result = addon.listen(sockaddr, backlog, flags);
  }
  return result;
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

/** Opens one socket; the error is what HAProxy says between `:` and `for [address]`. */
export function openSocket(addon: Addon, settings: SocketSettings): Opened {
  const { address } = settings;
  if (address.kind === 'fd') {
    const result = addon.adoptListener(address.fd);
    return result < 0
      ? { error: `cannot use file descriptor '${address.fd}' (${errnoText(-result)})` }
      : { fd: address.fd };
  }
  if (address.kind === 'unix') return openUnix(addon, settings);
  const flags =
    LISTEN_NO_REUSEPORT | (settings.v6only ? LISTEN_V6ONLY : 0) | (settings.v4v6 ? LISTEN_V4V6 : 0);
  const fd = listenAt(addon, listenerSockaddr(address), settings.backlog, flags);
  if (fd >= 0) return { fd };
  const what = address.kind === 'abns' ? 'cannot bind UNIX socket' : 'cannot bind socket';
  return { error: `${what} (${errnoText(-fd)})` };
}
