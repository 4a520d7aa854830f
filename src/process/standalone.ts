/** A process of its own: opens its sockets itself, lets clients in at once, writes its pidfile, tells the processes it replaces. */
import { writeFileSync } from 'node:fs';
import type { CommandLine } from '../config/command-line.ts';
import type { Configuration } from '../model/configuration.ts';
import type { Addon } from '../native/addon.ts';
import type { Host } from './host.ts';
import { OldProcesses } from './old-processes.ts';
import type { Parts, Running } from './running.ts';
import { onSignals } from './signals.ts';
import { type Opener, SocketOpener, sharedPorts } from './sockets.ts';

export class Standalone implements Host {
  private readonly options: CommandLine;
  private readonly old: OldProcesses;

  constructor(options: CommandLine) {
    this.options = options;
    this.old = new OldProcesses(options.softStopPids, options.hardStopPids);
  }

  opener(addon: Addon, configuration: Configuration): Opener {
    const ports = sharedPorts(configuration.listeners.map((one) => one.address));
    return new SocketOpener(addon, this.old, ports);
  }

  attach(running: Running): void {
    onSignals(running);
  }

  async mayServe(): Promise<void> {}

  serves(parts: Parts): void {
    const { settings } = parts.configuration.global;
    const error = writePidFile(this.options.pidFile || (settings.get('pidfile')?.[0] ?? ''));
    if (error !== '') {
      parts.speaker.alert(error);
      process.exit(1);
    }
    this.old.tell();
  }

  giveUp(): void {}
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
