/** The commands that run beside a proxy: `sluice <name> …` where <name> is the first word. Each is a room of its own; this table is
 * all that the program knows about them.
 */
import { checkCoredump } from './postmortem/check-coredump.ts';
import { postmortem } from './postmortem/postmortem.ts';
import { proveReload } from './prove/command.ts';

export { crewMember } from './prove/crew.ts';

/** Takes the words behind its name; its number is the exit code. */
type Run = (words: readonly string[]) => number | Promise<number>;

export const commands: Readonly<Record<string, Run>> = {
  'check-coredump': checkCoredump,
  postmortem,
  'prove-reload': proveReload,
};

/** Runs the command that <words> begin with; bin/sluice has looked at its name. */
export async function runCommand(words: readonly string[]): Promise<void> {
  const run = commands[words[0] ?? ''];
  if (run === undefined) throw new Error(`no command ${words[0]}`);
  process.exitCode = await run(words.slice(1));
}
