/**
 * The machine: who runs on which CPU, which ports are free, and what is written down beside the figures.
 * State: one counter of ports already given out in this run.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { cpus, loadavg, release, totalmem } from 'node:os';

/** CPUs as taskset lists: the proxy alone on its own, everything else on the others. */
export interface Placement {
  readonly proxyCpu: number;
  readonly loadCpus: string;
  /** Where a proxy with two threads runs, and what loads it then. */
  readonly wideCpus: string;
  readonly wideLoadCpus: string;
}

export const placement = (): Placement => {
  const last = cpus().length - 1;
  if (last < 1) return { proxyCpu: 0, loadCpus: '0', wideCpus: '0', wideLoadCpus: '0' };
  return {
    proxyCpu: 0,
    loadCpus: last === 1 ? '1' : `1-${last}`,
    wideCpus: '0-1',
    wideLoadCpus: last >= 3 ? `2-${last}` : `0-${last}`,
  };
};

/** Moves all threads of a running process. */
export const pinProcess = (pid: number, cpuList: string): void => {
  execFileSync('taskset', ['-a', '-p', '-c', cpuList, String(pid)], { stdio: 'ignore' });
};

/** Of descriptors a proxy keeps so many for other things than connections. */
const DESCRIPTORS_SPARE = 200;

/** What `maxconn` may be: two descriptors each, within the limit that this machine allows. */
export const connectionsMax = (): number => {
  const limits = readFileSync('/proc/self/limits', 'latin1');
  const hard = Number(/^Max open files\s+\S+\s+(\d+)/m.exec(limits)?.[1] ?? 1024);
  return Math.floor((hard - DESCRIPTORS_SPARE) / 2);
};

export const pinned = (cpuList: string, command: readonly string[]): readonly string[] => [
  'taskset',
  '-c',
  cpuList,
  ...command,
];

/** Below the kernel's ephemeral range (32768 and up), so that no client's own port ever takes one of ours. */
const PORT_FIRST = 20_000;
const PORT_LAST = 32_000;
let portNext = PORT_FIRST + (process.pid % 1000) * 10;

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

export const freePort = async (): Promise<number> => {
  for (let tries = 0; tries < 200; tries++) {
    portNext = portNext >= PORT_LAST ? PORT_FIRST : portNext + 1;
    if (await isFree(portNext)) return portNext;
  }
  throw new Error(`no free port between ${PORT_FIRST} and ${PORT_LAST}`);
};

export interface Machine {
  readonly cpu: string;
  readonly cpuCount: number;
  readonly memoryMb: number;
  readonly kernel: string;
  readonly javascript: string;
  readonly loadAverage: number;
}

export const describeMachine = (): Machine => ({
  cpu: cpus()[0]?.model ?? '?',
  cpuCount: cpus().length,
  memoryMb: Math.round(totalmem() / 1024 / 1024),
  kernel: `Linux ${release()}`,
  javascript: `Node ${process.version}`,
  loadAverage: loadavg()[0] ?? 0,
});

/**
 * What a measured program is started with: this bench's environment without what makes any Node slower to start. A set
 * NODE_EXTRA_CA_CERTS costs more than all of Sluice's own start.
 */
export const startEnvironment = (): NodeJS.ProcessEnv => {
  const kept = { ...process.env };
  for (const name of ['HAPROXY_STATS_SOCKET', 'NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS']) delete kept[name];
  return kept;
};
