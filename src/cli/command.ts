/** A command of the runtime API: its words, who may use it, what it answers. Families export tables of these; keywords.ts lists them.
 */
import type { Server, ServerAddress } from '../model/server.ts';
import type { StatsSource } from '../stats/source.ts';

export type Level = 'user' | 'operator' | 'admin';

const RANKS: Readonly<Record<Level, number>> = { user: 0, operator: 1, admin: 2 };

export function mayRun(has: Level, needs: Level): boolean {
  return RANKS[has] >= RANKS[needs];
}

/** What a client's connection remembers from one command to the next. */
export interface ClientState {
  level: Level;
  isInteractive: boolean;
  hasPrompt: boolean;
  isClosing: boolean;
  /** `expert-mode on`. */
  isExpert: boolean;
  /** How `set timeout cli` left it. */
  timeoutMs: number;
}

export interface StatsSocketFacts {
  readonly source: string;
  readonly level: Level;
}

/** What commands work on. */
export interface Control {
  readonly source: StatsSource;
  readonly sockets: readonly StatsSocketFacts[];
  readonly version: string;
  /** The environment as the configuration left it, sorted by name. */
  environment(): readonly (readonly [name: string, value: string])[];
  startupLog(): string;
  /** Changes the process-wide maxconn; false when it is above what descriptors allow. */
  setMaxconn(maxconn: number): boolean;
  /** From now on the server is reached there. */
  setAddress(server: Server, address: ServerAddress): void;
  /** Ends the process as it is. */
  exit(code: number): void;
  /** An exception that nobody catches, where traffic is. */
  panic(): void;
}

/** An answer: a text, or pieces of a long one. Each answer ends with an empty line, which the session adds. */
export type Answer = string | Iterable<string>;

export interface Command {
  /** Its words: `show stat`. */
  readonly words: string;
  /** What may follow, for the help. */
  readonly usage: string;
  readonly help: string;
  readonly level: Level;
  run(control: Control, args: readonly string[], client: ClientState): Answer;
}

export function command(
  words: string,
  usage: string,
  help: string,
  level: Level,
  run: Command['run'],
): Command {
  return { words, usage, help, level, run };
}
