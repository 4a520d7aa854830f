/** Makes a master of this process: its signals, its folder, its first worker. */
import { resolve } from 'node:path';
import type { CommandLine } from '../../config/command-line.ts';
import { reasonOf } from '../../config/read.ts';
import { loadAddon } from '../../native/load.ts';
import { tellDaemonServes } from '../daemon.ts';
import { openMasterSockets, serveMasterApi } from './api.ts';
import { Door } from './door.ts';
import { Master } from './master.ts';

/** Workers stand in the same folder: the one of -C is theirs by its whole name. */
function wordsForWorkers(argv: readonly string[]): string[] {
  return argv.map((word, at) => (argv[at - 1] === '-C' ? resolve(word) : word));
}

function onSignals(master: Master): void {
  for (const signal of ['SIGUSR2', 'SIGHUP'] as const) process.on(signal, () => void master.reload());
  for (const signal of ['SIGUSR1', 'SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => master.stop(signal));
  for (const signal of ['SIGTTOU', 'SIGTTIN'] as const) process.on(signal, () => master.forward(signal));
  process.on('SIGPIPE', () => {});
}

/** <daemonNote>: where a master in the background says that it serves, or -1. */
export function runMaster(line: CommandLine, argv: readonly string[], daemonNote = -1): void {
  const addon = loadAddon();
  const words = wordsForWorkers(argv);
  if (line.directory !== '') {
    try {
      process.chdir(line.directory);
    } catch (error) {
      process.stderr.write(`sluice: cannot change to ${line.directory}: ${reasonOf(error)}\n`);
      process.exit(1);
    }
  }
  const exit = (code: number) => process.exit(code);
  const master = new Master({ addon, line, words, environment: process.env, exit });
  const sockets = openMasterSockets(addon, line.masterSockets, {});
  if (typeof sockets === 'string') {
    master.speaker.alert(sockets);
    exit(1);
    return;
  }
  onSignals(master);
  serveMasterApi(new Door(master, addon), sockets);
  const begin = async () => {
    await master.start();
    if (master.current !== undefined) tellDaemonServes(addon, daemonNote);
  };
  begin().catch((error) => {
    master.speaker.alert(`[sluice.main()] ${error instanceof Error ? error.message : String(error)}`);
    exit(1);
  });
}
