/** Makes a master of this process: its signals, its folder, its runtime API, its first worker; or goes on with what the program before it
 * left.
 */
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { CliServer } from '../../cli/server.ts';
import type { CommandLine } from '../../config/command-line.ts';
import { reasonOf } from '../../config/read.ts';
import type { Addon } from '../../native/addon.ts';
import { loadAddon } from '../../native/load.ts';
import { tellDaemonServes } from '../daemon.ts';
import { openMasterSockets, serveMasterApi } from './api.ts';
import { Children } from './children.ts';
import { Door } from './door.ts';
import { Master, type SavedMaster } from './master.ts';
import { inherited, masterStamp, replaceProgram, tryProgram } from './succession.ts';

/** Clients of the runtime API that have their answer may take so long to leave before the program is replaced. */
const CLIENTS_MAX_MS = 2000;
const LOOK_MS = 20;

interface Saved extends SavedMaster {
  readonly words: readonly string[];
  readonly sockets: Readonly<Record<string, number>>;
}

/** Workers stand in the same folder: the one of -C is theirs by its whole name. */
function wordsForWorkers(argv: readonly string[]): string[] {
  return argv.map((word, at) => (argv[at - 1] === '-C' ? resolve(word) : word));
}

function enterFolder(line: CommandLine): void {
  if (line.directory === '') return;
  try {
    process.chdir(line.directory);
  } catch (error) {
    process.stderr.write(`sluice: cannot change to ${line.directory}: ${reasonOf(error)}\n`);
    process.exit(1);
  }
}

/** A master and what it needs of the process. */
class MasterProcess {
  readonly master: Master;
  private readonly addon: Addon;
  readonly children: Children;
  private readonly words: readonly string[];
  private readonly stamp: string;
  private readonly bundle = fileURLToPath(import.meta.url);
  private sockets: Readonly<Record<string, number>> = {};
  private server: CliServer | undefined;
  /** A program that was tried and does not start. */
  private refusedStamp = '';
  private isLooking = false;

  constructor(addon: Addon, line: CommandLine, words: readonly string[]) {
    this.addon = addon;
    this.words = words;
    this.children = new Children(addon);
    this.stamp = masterStamp(this.bundle);
    this.master = new Master({
      ...{ addon, line, words, children: this.children },
      environment: process.env,
      exit: (code) => process.exit(code),
      onQuiet: () => void this.lookAtProgram(),
    });
  }

  /** Signals and the runtime API; false when that cannot be opened. */
  listen(line: CommandLine, known: Readonly<Record<string, number>>): boolean {
    const { master } = this;
    const sockets = openMasterSockets(this.addon, line.masterSockets, known);
    if (typeof sockets === 'string') {
      master.speaker.alert(sockets);
      return false;
    }
    this.sockets = sockets;
    for (const signal of ['SIGUSR2', 'SIGHUP'] as const) process.on(signal, () => void master.reload());
    for (const signal of ['SIGUSR1', 'SIGTERM', 'SIGINT'] as const)
      process.on(signal, () => master.stop(signal));
    for (const signal of ['SIGTTOU', 'SIGTTIN'] as const) process.on(signal, () => master.forward(signal));
    process.on('SIGPIPE', () => {});
    this.server = serveMasterApi(new Door(master, this.addon), sockets);
    return true;
  }

  /** After a reload: the program on disk may be another one than this. */
  private async lookAtProgram(): Promise<void> {
    const stamp = masterStamp(this.bundle);
    if (this.isLooking || stamp === this.stamp || stamp === this.refusedStamp) return;
    this.isLooking = true;
    const why = await tryProgram(this.addon, this.children);
    for (let ms = 0; why === '' && ms < CLIENTS_MAX_MS && this.server?.clientCount; ms += LOOK_MS)
      await delay(LOOK_MS);
    this.isLooking = false;
    if (why !== '') {
      this.refusedStamp = stamp;
      this.master.speaker.warning(`The master's program has changed, but ${why}: this one goes on.`);
    } else if (this.master.isQuiet) this.replace();
    // Else something is under way, at whose end this is looked at again.
  }

  private replace(): void {
    const { master } = this;
    master.speaker.notice("The master's program has changed: it is replaced.");
    master.reserve.dismiss();
    const saved: Saved = { ...master.save(), words: this.words, sockets: this.sockets };
    const { crew, broker, sourcesFd } = saved;
    // Node marks even the first three to be closed.
    const keep = [
      ...[0, 1, 2],
      ...crew.orphans,
      ...crew.workers.flatMap((worker) => [worker.channelFd, worker.handoverFd, worker.recorderFd]),
      ...broker.sockets.map((socket) => socket.fd),
      ...Object.values(this.sockets),
      sourcesFd,
    ].filter((fd) => fd >= 0);
    const why = replaceProgram(this.addon, saved, [...new Set(keep)]);
    master.speaker.warning(`The master's program cannot be replaced: ${why}.`);
    master.reserve.rest();
  }
}

/** The program before this one has left everything as it was; signals have waited. */
function goOn(addon: Addon, line: CommandLine, saved: Saved): void {
  const own = new MasterProcess(addon, line, saved.words);
  own.master.restore(saved);
  if (!own.listen(line, saved.sockets)) process.exit(1);
  addon.releaseSignals();
  own.children.look();
  own.master.speaker.notice(`The master goes on with its new program (${process.pid})`);
}

/** <daemonNote>: where a master in the background says that it serves, or -1. */
export function runMaster(line: CommandLine, argv: readonly string[], daemonNote = -1): void {
  const addon = loadAddon();
  const before = inherited(addon);
  if (before.kind === 'trial') return;
  if (before.kind === 'state') {
    goOn(addon, line, before.state as Saved);
    return;
  }
  const words = wordsForWorkers(argv);
  enterFolder(line);
  const own = new MasterProcess(addon, line, words);
  if (!own.listen(line, {})) process.exit(1);
  const begin = async () => {
    await own.master.start();
    if (own.master.current !== undefined) tellDaemonServes(addon, daemonNote);
  };
  begin().catch((error) => {
    own.master.speaker.alert(`[sluice.main()] ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  });
}
