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

/** Inodes of the sockets that listen on each of these TCP ports, ascending: several when one is bound more than once. */
export function listenInodes(ports: readonly number[]): number[][] {
  const inodes = new Map<string, number[]>(ports.map((port) => [hexPort(port), []]));
  for (const row of `${read('/proc/net/tcp')}\n${read('/proc/net/tcp6')}`.split('\n')) {
    const [, local = '', , state = '', , , , , , inode = ''] = row.trim().split(/\s+/, 10);
    if (state === '0A') inodes.get(local.slice(-4))?.push(Number(inode));
  }
  return ports.map((port) => (inodes.get(hexPort(port)) ?? []).sort((a, b) => a - b));
}

function hexPort(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
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
