/** A command of the runtime API: its words, who may use it, what it answers. Families export tables of these; keywords.ts lists them.
 */
import type { Socket } from 'node:net';
import type { PatternChange, PatternList } from '../model/pattern-list.ts';
import type { Proxy } from '../model/proxy.ts';
import type { Server, ServerAddress } from '../model/server.ts';
import type { StreamChoice, StreamFacts } from '../model/stream-facts.ts';
import type { StatsSource } from '../stats/source.ts';
import type { Answer, SeverityOutput } from './answer.ts';

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
  /** `prompt timed`: the prompt shows the uptime. */
  isTimed: boolean;
  isClosing: boolean;
  /** The client sends nothing more. */
  hasShut: boolean;
  /** `expert-mode on`. */
  isExpert: boolean;
  /** `experimental-mode on`. */
  isExperimental: boolean;
  severity: SeverityOutput;
  /** `set anon on`; 0 = off. */
  anonKey: number;
  /** How `set timeout cli` left it. */
  timeoutMs: number;
  /** The empty line behind the answer under way is left out: the master asked for that with `-`. */
  skipsLine: boolean;
  /** The socket it came by has `expose-fd listeners`. */
  readonly mayTakeSockets: boolean;
  /** Set by a command that goes on alone with the connection: the session is over then. */
  takeOver: ((connection: Socket) => void) | undefined;
}

export function newClient(level: Level, timeoutMs: number, mayTakeSockets = false): ClientState {
  return {
    level,
    isInteractive: false,
    hasPrompt: false,
    isTimed: false,
    isClosing: false,
    hasShut: false,
    isExpert: false,
    isExperimental: false,
    severity: 'none',
    anonKey: 0,
    timeoutMs,
    skipsLine: false,
    mayTakeSockets,
    takeOver: undefined,
  };
}

export interface StatsSocketFacts {
  readonly source: string;
  readonly level: Level;
}

/** What was asked of a frontend's listeners. */
export type FrontendRequest = 'pause' | 'resume' | 'stop';

/** What commands work on. */
export interface Control {
  readonly source: StatsSource;
  readonly sockets: readonly StatsSocketFacts[];
  readonly version: string;
  /** `set anon global-key`. */
  anonKey: number;
  /** The environment as the configuration left it, sorted by name. */
  environment(): readonly (readonly [name: string, value: string])[];
  startupLog(): string;
  /** Changes the process-wide maxconn; false when it is above what descriptors allow. */
  setMaxconn(maxconn: number): boolean;
  /** From now on the server is reached there. */
  setAddress(server: Server, address: ServerAddress): void;
  /** `disable|enable|shutdown frontend`; what is wrong, '' when it is done. */
  changeFrontend(proxy: Proxy, request: FrontendRequest): Promise<string>;
  /** Changes a list of patterns in all threads; false: there was nothing to remove. */
  changePatterns(list: PatternList, change: PatternChange): Promise<boolean>;
  /** What the data threads know and main does not. */
  readonly streams: StreamDoor;
  /** Gives the process's listening sockets to whoever is behind <connection>. */
  giveSockets(connection: Socket): void;
  /** From now on whoever is behind <connection> takes over from this process, and has the sockets <socketIds>. */
  giveClients(connection: Socket, socketIds: readonly number[]): void;
  /** Ends the process as it is. */
  exit(code: number): void;
  /** An exception that nobody catches, where traffic is. */
  panic(): void;
  /** To the targets of the `global` section. */
  log(text: string): void;
}

export interface StreamDoor {
  /** Data threads. */
  readonly threads: number;
  /** A bounded piece of one thread's streams, from <from> on; `next` is -1 at the end. */
  list(thread: number, from: number): Promise<{ streams: readonly StreamFacts[]; next: number }>;
  /** How many were ended. */
  shut(choice: StreamChoice): Promise<number>;
}

export type { Answer } from './answer.ts';

/** Modes that a client has to switch on before it may use a command. */
export type Restriction = 'none' | 'expert' | 'experimental';

/** A command as the search and the help see it. */
export interface CommandFace {
  /** Its words: `show stat`. */
  readonly words: string;
  /** What may follow, for the help. */
  readonly usage: string;
  readonly help: string;
  readonly level: Level;
  readonly restriction: Restriction;
  /** Known, but not listed by the help. */
  readonly isHidden: boolean;
}

export interface Command extends CommandFace {
  run(control: Control, args: readonly string[], client: ClientState, payload: string | undefined): Answer;
}

export function command(
  words: string,
  usage: string,
  help: string,
  level: Level,
  run: Command['run'],
): Command {
  return { words, usage, help, level, run, restriction: 'none', isHidden: false };
}

/** A command that `expert-mode on` opens. */
export function expertCommand(words: string, usage: string, help: string, run: Command['run']): Command {
  return { words, usage, help, level: 'admin', run, restriction: 'expert', isHidden: false };
}

/** A command that no help lists. */
export function hidden(entry: Command): Command {
  return { ...entry, isHidden: true };
}
