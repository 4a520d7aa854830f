/** Who a process runs for: itself alone, or a master. What differs between the two is asked of this; everything else is the same. */
import type { Addon } from '../native/addon.ts';
import type { Parts, Running } from './running.ts';
import type { Opener } from './sockets.ts';

/** Descriptors for the moment of a crash, -1 = none: who is told, and who gets the idle connections. */
export interface AtCrash {
  readonly channelFd: number;
  readonly handoverFd: number;
  readonly generation: number;
}

export interface Host {
  readonly atCrash: AtCrash;
  /** undefined: it was said why sockets cannot be had. */
  opener(addon: Addon): Opener | undefined;
  /** The process can be talked to from now on: signals, or a master. */
  attach(running: Running): void;
  /** <fd>, the flight recorder's memory: for whoever looks when this process has died; -1 = there is none. */
  keepRecorder(addon: Addon, fd: number): void;
  /** Everything is open, and nothing given away yet: what needs the rights of whoever started the process is done now. False: it was
   * said why it cannot be. */
  opened(parts: Parts): boolean;
  /** Resolves when clients may be let in. */
  mayServe(parts: Parts): Promise<void>;
  /** Clients are let in. */
  serves(parts: Parts): void;
  /** The process is stopped although somebody is still there: <text> is what it knew. Answers where it is kept, '' when that is said
   * by somebody else. */
  keepEvidence(text: string, folder: string): string;
  /** The start failed and was said; the process ends. */
  giveUp(): void;
}
