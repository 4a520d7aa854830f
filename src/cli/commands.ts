/** All commands of the runtime API, in one list. */
import type { Answer } from './answer.ts';
import { type ClientState, type Command, command } from './command.ts';
import { connectionCommands, promptCommand, quitCommand } from './connection-commands.ts';
import { debugCommands } from './debug-commands.ts';
import { encoderCommands } from './encoder-commands.ts';
import { findIn, helpText, unknownText } from './find-command.ts';
import { frontendCommands } from './frontend-commands.ts';
import { limitCommands } from './limit-commands.ts';
import { patternCommands } from './pattern-commands.ts';
import { processCommands } from './process-commands.ts';
import { serverCommands } from './server-commands.ts';
import { showServersCommands } from './show-servers.ts';
import { showStatsCommands } from './show-stats.ts';
import { streamCommands } from './stream-commands.ts';
import { transferCommands } from './transfer-commands.ts';
import { waitCommands } from './wait-command.ts';

/** Commands of the connection itself; the help always ends with them. */
export const sessionCommands: readonly Command[] = [
  command('help', '[<command>]', 'list matching or all commands', 'user', (_, args, client) =>
    helpText(cliCommands, sessionCommands, args, client),
  ),
  promptCommand,
  quitCommand,
];

const families: readonly Command[] = [
  ...connectionCommands,
  ...serverCommands,
  ...showServersCommands,
  ...showStatsCommands,
  ...frontendCommands,
  ...limitCommands,
  ...processCommands,
  ...patternCommands,
  ...streamCommands,
  ...encoderCommands,
  ...waitCommands,
  ...debugCommands,
  ...transferCommands,
];

/** In alphabetical order, as the help lists them. */
export const cliCommands: readonly Command[] = [...families].sort((a, b) => (a.words < b.words ? -1 : 1));

export function unknownCommand(args: readonly string[], client: ClientState): Answer {
  return unknownText(cliCommands, sessionCommands, args, client);
}

const everything = [...cliCommands, ...sessionCommands];

/** The command with the most words that <args> begins with. */
export function findCommand(
  args: readonly string[],
): { entry: Command; rest: readonly string[] } | undefined {
  return findIn(everything, args);
}
