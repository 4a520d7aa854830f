/** A process of its own: opens its sockets itself or takes them over, lets clients in at once, writes its pidfile, tells the processes it
 * replaces.
 */
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandLine } from '../config/command-line.ts';
import type { Addon } from '../native/addon.ts';
import { tellDaemonServes } from './daemon.ts';
import type { Host } from './host.ts';
import { OldProcesses } from './old-processes.ts';
import type { Parts, Running } from './running.ts';
import type { Speaker } from './say.ts';
import { onSignals } from './signals.ts';
import { type Opener, SocketOpener } from './sockets.ts';
import { askForSockets, transferPath } from './take-over.ts';
import { askForClients } from './transfer-client.ts';

export class Standalone implements Host {
  readonly atCrash = { channelFd: -1, handoverFd: -1, generation: 0 };
  private readonly options: CommandLine;
  private readonly old: OldProcesses;
  private readonly speaker: Speaker;
  private readonly daemonNote: number;
  private sockets: SocketOpener | undefined;
  private running: Running | undefined;
  /** Runtime API of the process whose sockets we took, or ''. */
  private from = '';
  /** Where that one's clients come in, or -1. */
  private arriving = -1;

  /** <daemonNote>: where a process in the background says that it serves, or -1. */
  constructor(options: CommandLine, speaker: Speaker, daemonNote: number) {
    this.options = options;
    this.speaker = speaker;
    this.daemonNote = daemonNote;
    this.old = new OldProcesses(options.softStopPids, options.hardStopPids);
  }

  opener(addon: Addon): Opener | undefined {
    const transferred = askForSockets(addon, this.options, process.env, this.speaker);
    if (transferred === 'refused') return undefined;
    if (transferred !== undefined) this.from = transferPath(this.options, process.env);
    this.sockets = new SocketOpener(addon, this.old, transferred);
    return this.sockets;
  }

  attach(running: Running): void {
    this.running = running;
    onSignals(running);
  }

  /** Nobody looks: what is left is the core. */
  keepRecorder(addon: Addon, fd: number): void {
    if (fd >= 0) addon.closeFd(fd);
  }

  opened(parts: Parts): boolean {
    this.sockets?.end();
    parts.listeners.numberByInode();
    if (this.from !== '' && this.old.exist)
      this.arriving = askForClients(parts.addon, this.from, parts.listeners.socketIds);
    const { settings, uid } = parts.configuration.global;
    const error = writePidFile(this.options.pidFile || (settings.get('pidfile')?.[0] ?? ''));
    if (error !== '') {
      this.speaker.alert(error);
      return false;
    }
    this.old.tellForeign(uid);
    return true;
  }

  async mayServe(): Promise<void> {}

  serves(parts: Parts): void {
    if (this.arriving >= 0) this.running?.receive([this.arriving]);
    this.old.tell();
    tellDaemonServes(parts.addon, this.daemonNote);
  }

  keepEvidence(text: string, folder: string): string {
    return writeEvidence(folder, process.pid, Buffer.from(text, 'latin1'));
  }

  giveUp(): void {
    this.old.resume();
  }
}

/** Writes a new file in <folder>, which nobody else can have put there; answers where, or why not. */
export function writeEvidence(folder: string, pid: number, bytes: Uint8Array): string {
  const path = join(folder === '' ? tmpdir() : folder, `sluice-${pid}-${Date.now()}.stop`);
  try {
    writeFileSync(path, bytes, { mode: 0o600, flag: 'wx' });
    return `What process ${pid} knew is in ${path}.`;
  } catch (error) {
    return `What process ${pid} knew cannot be kept: ${(error as Error).message}`;
  }
}

/** The file of `-p` and `pidfile`, none when <path> is ''; answers why it could not be written, or ''. */
export function writePidFile(path: string): string {
  if (path === '') return '';
  try {
    writeFileSync(path, `${process.pid}\n`, { mode: 0o644 });
    return '';
  } catch (error) {
    return `Cannot create pidfile ${path}: ${(error as Error).message}`;
  }
}
