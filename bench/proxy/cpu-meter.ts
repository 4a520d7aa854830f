/**
 * The stick itself: CPU time, memory and processes of a proxy, read from /proc. CPU comes from
 * /proc/PID/task/TID/schedstat (nanoseconds on a CPU, user and system together) over all threads of all processes
 * of the proxy, because throughput on a shared machine measures the machine. State: none; reading is all it does.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** A file under /proc, or '' when its process or thread is gone. */
const procText = (path: string): string => {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
};

/** The process and all its descendants. */
export const processTree = (rootPid: number): number[] => {
  const childrenOf = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = procText(`/proc/${name}/stat`);
    // The command's name stands in brackets and may hold anything: the fields start after the last one.
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    const siblings = childrenOf.get(parent);
    if (siblings) siblings.push(Number(name));
    else childrenOf.set(parent, [Number(name)]);
  }
  const tree = [rootPid];
  for (let i = 0; i < tree.length; i++) tree.push(...(childrenOf.get(tree[i]!) ?? []));
  return tree;
};

/** Nanoseconds that all threads of these processes have run since they started. */
export const cpuTimeNs = (pids: readonly number[]): number => {
  let total = 0;
  for (const pid of pids) {
    let threads: string[];
    try {
      threads = readdirSync(`/proc/${pid}/task`);
    } catch {
      continue;
    }
    for (const thread of threads) {
      const ran = Number.parseInt(procText(`/proc/${pid}/task/${thread}/schedstat`), 10);
      if (Number.isFinite(ran)) total += ran;
    }
  }
  return total;
};

/** Proportional set size in bytes: pages shared with others count by their share. */
export const pssBytes = (pids: readonly number[]): number => {
  let total = 0;
  for (const pid of pids) {
    const found = /^Pss:\s+(\d+) kB/m.exec(procText(`/proc/${pid}/smaps_rollup`));
    if (found) total += Number(found[1]) * 1024;
  }
  return total;
};

export interface CpuLoad {
  /** All time that was not idle, in nanoseconds, whoever used it. */
  readonly busyNs: number;
  /** Time that the machine below took away. */
  readonly stolenNs: number;
}

const TICK_NS = 10_000_000;

/** One CPU as /proc/stat counts it, in ticks of 10 ms. */
export const cpuLoad = (cpu: number): CpuLoad => {
  const line = new RegExp(`^cpu${cpu} (.*)$`, 'm').exec(procText('/proc/stat'));
  const ticks = (line?.[1] ?? '').trim().split(/\s+/).map(Number);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, stolen = 0] = ticks;
  return { busyNs: (user + nice + system + irq + softirq) * TICK_NS, stolenNs: stolen * TICK_NS };
};

/** How many datagrams the kernel dropped at a UDP port because its reader was slow. */
export const udpDrops = (port: number): number => {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const line of procText('/proc/net/udp').split('\n')) {
    const fields = line.trim().split(/\s+/);
    if (fields[1]?.endsWith(wanted)) return Number(fields.at(-1));
  }
  return 0;
};
