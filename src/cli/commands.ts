/** All commands of the runtime API, the search for the one a line asks for, and the help. */
import { didYouMean } from '../config/nearest.ts';
import { type Answer, type ClientState, type Command, type Control, command, mayRun } from './command.ts';
import { debugCommands } from './debug-commands.ts';
import { processCommands } from './process-commands.ts';
import { serverCommands } from './server-commands.ts';
import { showServersCommands } from './show-servers.ts';
import { showStatsCommands } from './show-stats.ts';

/** Where the help's second column begins. */
const USAGE_COLUMNS = 40;

function usageLine({ words, usage, help }: Command): string {
  const left = usage === '' ? words : `${words} ${usage}`;
  const column = left.length < USAGE_COLUMNS ? left.padEnd(USAGE_COLUMNS) : `${left} `;
  return `  ${column}: ${help}\n`;
}

/** Commands of the connection itself; the help always ends with them. */
export const sessionCommands: readonly Command[] = [
  command('help', '[<command>]', 'list matching or all commands', 'user', (_, args, client) => {
    return `The following commands are valid at this level:\n${helpLines(matching(args), client)}`;
  }),
  command(
    'prompt',
    '[help | n | i | p | timed ]*',
    'toggle interactive mode with prompt',
    'user',
    togglePrompt,
  ),
  command('quit', '', 'disconnect', 'user', (_, __, client) => {
    client.isClosing = true;
    return '';
  }),
];

function togglePrompt(_: Control, args: readonly string[], client: ClientState): Answer {
  if (args[0] === 'help') {
    return 'Prompt modes:\n  n : neither prompt nor interactive\n  i : interactive without prompt\n  p : interactive with prompt\n';
  }
  const mode = args.find((word) => word === 'n' || word === 'i' || word === 'p');
  const wanted = mode ?? (client.hasPrompt ? 'n' : 'p');
  client.hasPrompt = wanted === 'p';
  client.isInteractive = wanted !== 'n';
  return '';
}

const families: readonly Command[] = [
  ...serverCommands,
  ...showServersCommands,
  ...showStatsCommands,
  ...processCommands,
  ...debugCommands,
];

/** In alphabetical order, as the help lists them. */
export const cliCommands: readonly Command[] = [...families].sort((a, b) => (a.words < b.words ? -1 : 1));

function wordsOf(entry: Command): string[] {
  return entry.words.split(' ');
}

/** Commands whose words begin with <args> (or <args> with theirs). */
function matching(args: readonly string[]): readonly Command[] {
  return cliCommands.filter((entry) => {
    const words = wordsOf(entry);
    return args.every((word, at) => at >= words.length || words[at] === word);
  });
}

function helpLines(found: readonly Command[], client: ClientState): string {
  const allowed = found.filter((entry) => mayRun(client.level, entry.level));
  return [...allowed, ...sessionCommands].map(usageLine).join('');
}

/** How many leading words of <args> are known. */
function knownPrefix(args: readonly string[]): number {
  let count = 0;
  while (
    count < args.length &&
    matching(args.slice(0, count + 1)).some((one) => wordsOf(one).length > count)
  ) {
    count++;
  }
  return count;
}

/** HAProxy's answer to what it does not know: the nearest commands, then those of the connection. */
export function unknownCommand(args: readonly string[], client: ClientState): string {
  const first = args[0] ?? '';
  const known = knownPrefix(args);
  let found: readonly Command[];
  if (known > 0) {
    found = matching(args.slice(0, known));
  } else {
    const meant = didYouMean(first, new Set(cliCommands.map((entry) => wordsOf(entry)[0] as string)));
    found = cliCommands.filter((entry) => meant !== '' && meant.includes(`'${wordsOf(entry)[0]}'`));
  }
  const head =
    found.length > 0
      ? `Unknown command: '${first}', but maybe one of the following ones is a better match:\n`
      : `Unknown command: '${first}'. Please enter one of the following commands only:\n`;
  return head + helpLines(found.length > 0 ? found : cliCommands, client);
}

/** The command with the most words that <args> begins with. */
export function findCommand(
  args: readonly string[],
): { entry: Command; rest: readonly string[] } | undefined {
  let best: { entry: Command; rest: readonly string[] } | undefined;
  let most = 0;
  for (const entry of [...cliCommands, ...sessionCommands]) {
    const words = wordsOf(entry);
    if (words.length <= most || !words.every((word, at) => args[at] === word)) continue;
    most = words.length;
    best = { entry, rest: args.slice(words.length) };
  }
  return best;
}
