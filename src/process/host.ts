/** Who a process runs for: itself alone, or a master. What differs between the two is asked of this; everything else is the same. */
import type { Configuration } from '../model/configuration.ts';
import type { Addon } from '../native/addon.ts';
import type { Parts, Running } from './running.ts';
import type { Opener } from './sockets.ts';

export interface Host {
  opener(addon: Addon, configuration: Configuration): Opener;
  /** The process can be talked to from now on: signals, or a master. */
  attach(running: Running): void;
  /** Everything is open. Resolves when clients may be let in. */
  mayServe(parts: Parts): Promise<void>;
  /** Clients are let in. */
  serves(parts: Parts): void;
  /** The start failed and was said; the process ends. */
  giveUp(): void;
}
