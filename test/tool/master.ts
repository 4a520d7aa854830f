/**
 * A master with its workers for a test: started as a user starts it, asked through its own runtime API. The test owns it
 * like any proxy (proxy.ts): it ends with the test.
 */
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type Proxy, type ProxyOptions, startProxy } from './proxy.ts';
import { SLOW_MACHINE_MS, until } from './until.ts';

export interface MasterRow {
  readonly pid: number;
  readonly reloads: number;
  readonly isOld: boolean;
}

export interface Master {
  readonly proxy: Proxy;
  readonly pid: number;
  /** The answer of the master's runtime API to one line. */
  ask(line: string): Promise<string>;
  /** The workers of `show proc`. */
  workers(): Promise<MasterRow[]>;
  /** The one that serves. */
  current(): Promise<number>;
  /** Waits until another worker than <pid> serves, and no old one is left. */
  replaced(pid: number): Promise<number>;
  /** Waits until <role> waits. */
  waiting(role: 'standby' | 'spare'): Promise<number>;
  /** Replaces the configuration: <change> gets the text that runs. */
  rewrite(change: (text: string) => string): void;
}

/** Asks the API at <path>; a master keeps the connection until its client is done. */
function ask(path: string, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(path, () => socket.write(`${line}; quit\n`));
    socket.setEncoding('latin1');
    socket.on('data', (data) => {
      text += data;
    });
    socket.once('error', reject);
    socket.once('close', () => resolve(text));
  });
}

function rowsOf(table: string): MasterRow[] {
  const rows: MasterRow[] = [];
  let isOld = false;
  for (const line of table.split('\n')) {
    if (line.startsWith('# old')) isOld = true;
    const match = /^(\d+)\s+worker\s+(\d+)\s/.exec(line);
    if (match) rows.push({ pid: Number(match[1]), reloads: Number(match[2]), isOld });
  }
  return rows;
}

/** <cfg> may use `{port:name}` and `{dir}` as everywhere. */
export async function startMaster(given: string | ProxyOptions): Promise<Master> {
  const options = typeof given === 'string' ? { cfg: given } : given;
  const args = ['-W', '-S', 'unix@master.sock', ...(options.args ?? [])];
  const proxy = await startProxy({
    readyWhen: (started) => started.stderr.includes('Loading success.'),
    ...options,
    args,
  });
  const path = join(proxy.dir, 'master.sock');
  const table = () => ask(path, 'show proc');
  const workers = async () => rowsOf(await table());
  const current = async () => (await workers()).find((row) => !row.isOld)?.pid ?? -1;
  return {
    proxy,
    pid: proxy.pid,
    ask: (line) => ask(path, line),
    workers,
    current,
    replaced: (pid) =>
      until(
        async () => {
          const rows = await workers();
          const [first] = rows;
          return rows.length === 1 && first?.isOld === false && first.pid !== pid && first.pid;
        },
        SLOW_MACHINE_MS,
        () => `another worker than ${pid}: ${proxy.stderr}`,
      ) as Promise<number>,
    waiting: (role) =>
      until(async () => {
        const wanted = role === 'standby' ? 'standby, ready' : 'spare';
        return Number(new RegExp(`^# (\\d+): ${wanted}`, 'm').exec(await table())?.[1] ?? 0);
      }),
    rewrite: (change) => writeFileSync(proxy.cfgPath, change(readFileSync(proxy.cfgPath, 'latin1'))),
  };
}

/** Every open descriptor of <pid>, as /proc names what it is. */
export function descriptorsOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).map((fd) => {
    try {
      return `${fd} ${readlinkSync(join(folder, fd))}`;
    } catch {
      return `${fd} gone`;
    }
  });
}

/** Whether <pid> runs; one that has ended and was not waited for does not. */
export function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
}
