/** The search for the command a line asks for, and the help: what there is, or what was probably meant.
 */
import { type Answer, say } from './answer.ts';
import type { ClientState, CommandFace } from './command.ts';
import { distance, fingerprint } from './likeness.ts';

/** Where the help's second column begins. */
const USAGE_COLUMNS = 40;
/** Leading words that tell commands apart. */
const WORDS_COMPARED = 5;
/** Proposals for what is not known. */
const PROPOSALS_MAX = 5;

export function usageLine({ words, usage, help }: CommandFace): string {
  const left = usage === '' ? words : `${words} ${usage}`;
  const column = left.length <= USAGE_COLUMNS ? left.padEnd(USAGE_COLUMNS) : `${left} `;
  return `  ${column}: ${help}\n`;
}

/** A line of the help that is no command of a table. */
export function usageOnly(words: string, usage: string, help: string): CommandFace {
  return { words, usage, help, level: 'user', restriction: 'none', isHidden: false };
}

function isVisible(entry: CommandFace, client: ClientState): boolean {
  if (entry.isHidden) return false;
  if (entry.restriction === 'expert') return client.isExpert;
  return entry.restriction === 'none' || client.isExperimental;
}

function wordsOf(entry: CommandFace): string[] {
  return entry.words.split(' ');
}

/** The command with the most words that <args> begins with. */
export function findIn<Entry extends CommandFace>(
  all: readonly Entry[],
  args: readonly string[],
): { entry: Entry; rest: readonly string[] } | undefined {
  let best: { entry: Entry; rest: readonly string[] } | undefined;
  let most = 0;
  for (const entry of all) {
    const words = wordsOf(entry);
    if (words.length <= most || !words.every((word, at) => args[at] === word)) continue;
    most = words.length;
    best = { entry, rest: args.slice(words.length) };
  }
  return best;
}

/** How many leading words of <args> are those of some command. */
function knownWords(visible: readonly CommandFace[], args: readonly string[]): number {
  let most = 0;
  for (const entry of visible) {
    const words = wordsOf(entry);
    let count = 0;
    while (count < words.length && args[count] !== undefined && words[count] === args[count]) count++;
    most = Math.max(most, count);
  }
  return most;
}

/** Commands that share <args>' first <known> words and look like the rest of them, the most alike first. */
function proposals(visible: readonly CommandFace[], args: readonly string[], known: number): CommandFace[] {
  const rest = args.slice(known, WORDS_COMPARED);
  const wanted = fingerprint(rest);
  const length = rest.join('').length;
  const found: { entry: CommandFace; steps: number }[] = [];
  for (const entry of visible) {
    const words = wordsOf(entry);
    if (!words.slice(0, known).every((word, at) => word === args[at])) continue;
    if (words.length < known) continue;
    const own = words.slice(known, WORDS_COMPARED);
    const steps = distance(wanted, fingerprint(own));
    if (steps < Math.floor((5 * (length + own.join('').length)) / 2)) found.push({ entry, steps });
  }
  found.sort((a, b) => a.steps - b.steps);
  const best = found[0]?.steps ?? 0;
  return found
    .slice(0, PROPOSALS_MAX)
    .filter(({ steps }) => steps <= Math.floor((5 * best) / 2))
    .map(({ entry }) => entry);
}

/** The commands that match <args>, then those of the connection, which are always listed. */
function listing(
  all: readonly CommandFace[],
  always: readonly CommandFace[],
  args: readonly string[],
  client: ClientState,
): { text: string; known: number } {
  const visible = all.filter((entry) => isVisible(entry, client));
  const known = knownWords(visible, args);
  let found = args[known] === undefined ? [] : proposals(visible, args, known);
  if (found.length === 0) {
    found = visible.filter((entry) =>
      wordsOf(entry)
        .concat(Array.from({ length: known }, () => ''))
        .slice(0, known)
        .every((word, at) => word === args[at]),
    );
  }
  const sorted = [...found].sort((a, b) => (usageLine(a) < usageLine(b) ? -1 : 1));
  return { text: [...sorted, ...always].map(usageLine).join(''), known };
}

export function helpText(
  all: readonly CommandFace[],
  always: readonly CommandFace[],
  args: readonly string[],
  client: ClientState,
): Answer {
  return say(`The following commands are valid at this level:\n${listing(all, always, args, client).text}`);
}

/** HAProxy's answer to what it does not know. */
export function unknownText(
  all: readonly CommandFace[],
  always: readonly CommandFace[],
  args: readonly string[],
  client: ClientState,
): Answer {
  const { text } = listing(all, always, args, client);
  return say(
    `Unknown command: '${args[0] ?? ''}', but maybe one of the following ones is a better match:\n${text}`,
  );
}
