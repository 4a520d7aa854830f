/** The programs that can be put to the proof, and how each is told what to do. haproxy and Sluice are told the same. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface Brand {
  readonly name: string;
  readonly family: 'haproxy' | 'nginx';
  /** What is executed: the program and words before all others. */
  readonly command: readonly string[];
  readonly version: string;
  /** The signal that makes its master reload. */
  readonly reloadSignal: NodeJS.Signals;
}

const ASK_WITHIN_MS = 10_000;

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Where <name> is: itself when it is a path, else on PATH or where systems put servers. */
export function findProgram(name: string, path: string): string | undefined {
  if (name.includes('/')) return isExecutable(name) ? name : undefined;
  const folders = [...path.split(delimiter), '/usr/sbin', '/usr/local/sbin', '/sbin'];
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function said(command: readonly string[], word: string): string {
  const [program = '', ...words] = command;
  const run = spawnSync(program, [...words, word], {
    encoding: 'latin1',
    timeout: ASK_WITHIN_MS,
    env: startEnvironment(),
  });
  return `${run.stdout ?? ''}${run.stderr ?? ''}`;
}

export function haproxyBrand(name: string, command: readonly string[]): Brand {
  const version = /version (\S+)/i.exec(said(command, '-v'))?.[1] ?? '?';
  return { name, family: 'haproxy', command, version, reloadSignal: 'SIGUSR2' };
}

/** This very program. */
export function sluiceBrand(command: readonly string[]): Brand {
  const version = /^Sluice ([^\s:]+)/m.exec(said(command, '-v'))?.[1] ?? '?';
  return { name: 'sluice', family: 'haproxy', command, version, reloadSignal: 'SIGUSR2' };
}

export function nginxBrand(program: string): Brand {
  const version = /nginx\/(\S+)/.exec(said([program], '-v'))?.[1] ?? '?';
  return { name: 'nginx', family: 'nginx', command: [program], version, reloadSignal: 'SIGHUP' };
}

/** What would change a start, or make it speak to somebody else's service manager, is left out. */
const LEFT_OUT = [
  'HAPROXY_STATS_SOCKET',
  'NODE_OPTIONS',
  'NODE_EXTRA_CA_CERTS',
  'NOTIFY_SOCKET',
  'LISTEN_FDS',
  'LISTEN_PID',
];

export function startEnvironment(): NodeJS.ProcessEnv {
  const kept = { ...process.env };
  for (const name of LEFT_OUT) delete kept[name];
  return kept;
}
