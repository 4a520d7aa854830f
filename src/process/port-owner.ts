/** Who listens on a port or under an abstract name, as far as /proc shows it: for the sentence that says why a socket could not be
 * opened. Other users' processes are seen by root alone.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { ListenerAddress } from '../model/listener.ts';

/** Processes that are looked at. */
const PROCESSES_MAX = 65_536;
/** Characters of a command line that are shown. */
const COMMAND_MAX_CHARS = 100;

/** State of a listening socket in /proc/net/tcp. */
const TCP_LISTEN = '0A';

export interface PortOwner {
  readonly pid: number;
  readonly command: string;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/** Inodes of the sockets that listen on <port>. */
function tcpInodes(port: number): Set<string> {
  const inodes = new Set<string>();
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of read(table).split('\n')) {
      const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
      if (state === TCP_LISTEN && local?.endsWith(wanted) === true && inode !== undefined) inodes.add(inode);
    }
  }
  return inodes;
}

/** Inodes of the sockets with the abstract name <name>; HAProxy's have zeros behind it, which are shown as `@` too. */
function abstractInodes(name: string): Set<string> {
  const inodes = new Set<string>();
  for (const line of read('/proc/net/unix').split('\n')) {
    const [, , , , , , inode, path] = line.trim().split(/\s+/);
    if (inode !== undefined && path?.replace(/@+$/, '') === `@${name}`) inodes.add(inode);
  }
  return inodes;
}

function holdsOneOf(pid: string, inodes: ReadonlySet<string>): boolean {
  let names: string[];
  try {
    names = readdirSync(`/proc/${pid}/fd`);
  } catch {
    return false;
  }
  return names.some((name) => {
    try {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${name}`))?.[1];
      return inode !== undefined && inodes.has(inode);
    } catch {
      return false;
    }
  });
}

function commandOf(pid: string): string {
  const words = read(`/proc/${pid}/cmdline`).split('\0').join(' ').trim();
  const text = words === '' ? read(`/proc/${pid}/comm`).trim() : words;
  return text.length > COMMAND_MAX_CHARS ? `${text.slice(0, COMMAND_MAX_CHARS)}...` : text;
}

/** The processes that hold what <address> asks for; empty when nobody is seen. */
export function portOwners(address: ListenerAddress): PortOwner[] {
  const isPort = address.kind === 'ipv4' || address.kind === 'ipv6';
  if (!isPort && address.kind !== 'abns') return [];
  const inodes = isPort ? tcpInodes(address.port) : abstractInodes(address.host);
  if (inodes.size === 0) return [];
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids
    .slice(0, PROCESSES_MAX)
    .filter((pid) => holdsOneOf(pid, inodes))
    .map((pid) => ({ pid: Number(pid), command: commandOf(pid) }));
}

/** A sentence about <owners>, or about who could know. */
export function ownerText(owners: readonly PortOwner[]): string {
  const shown = owners.slice(0, 3).map(({ pid, command }) => `process ${pid} (${command})`);
  if (shown.length === 0) return 'held by a process of another user or another network namespace';
  return `held by ${shown.join(', ')}${owners.length > shown.length ? ' and others' : ''}`;
}
