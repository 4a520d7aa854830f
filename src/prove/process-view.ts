/** What the kernel says of running processes: children, descriptors, memory, listening sockets. Reads /proc alone. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return ''; // it ended meanwhile
  }
}

export function isAlive(pid: number): boolean {
  const state = /^\d+ \(.*\) (\S)/s.exec(read(`/proc/${pid}/stat`))?.[1];
  return state !== undefined && state !== 'Z' && state !== 'X';
}

/** Children of <pid>, whichever of its threads began them. */
export function childrenOf(pid: number): number[] {
  let threads: string[] = [];
  try {
    threads = readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
  return threads.flatMap((thread) =>
    read(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number),
  );
}

/** <pid> and all below it. */
export function familyOf(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap(familyOf)];
}

/** As `ps` shows it; nginx writes there what a worker does. */
export function titleOf(pid: number): string {
  return read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
}

export function descriptorsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`);
      } catch {
        return '';
      }
    });
  } catch {
    return [];
  }
}

export function residentKb(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0);
}

/** Inodes of the sockets that listen on TCP <port>: several when it is bound more than once. */
export function listenInodes(port: number): number[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const rows = `${read('/proc/net/tcp')}\n${read('/proc/net/tcp6')}`.split('\n');
  return rows.flatMap((row) => {
    const [, local = '', , state = '', , , , , , inode = ''] = row.trim().split(/\s+/);
    return state === '0A' && local.endsWith(`:${hex}`) ? [Number(inode)] : [];
  });
}

/** What a whole family of processes holds. */
export interface Holdings {
  readonly processes: number;
  readonly descriptors: number;
  readonly residentKb: number;
}

export function holdingsOf(pid: number): Holdings {
  const family = familyOf(pid);
  return {
    processes: family.length,
    descriptors: family.reduce((sum, one) => sum + descriptorsOf(one).length, 0),
    residentKb: family.reduce((sum, one) => sum + residentKb(one), 0),
  };
}
