/** `prompt` in the master's runtime API: always interactive, with or without a prompt. */
import type { ClientState } from './command.ts';

const USAGE =
  'Usage: prompt [help | i | p | timed]*\n' +
  'Changes the default prompt and interactive mode. Available options:\n' +
  '  help    display this help\n' +
  '  i       set to interactive mode only (no prompt, multi-command)\n' +
  '  p       set to prompt+interactive mode (prompt + multi-command)\n' +
  '  timed   toggle displaying the current date in the prompt\n' +
  'Without any argument, toggles between i<->p.\n';

/** Changes <client>; returns the usage when <args> make no sense, else ''. */
export function readMasterPrompt(args: readonly string[], client: ClientState): string {
  let wanted: 'i' | 'p' | '' = '';
  let isTimed = false;
  for (const word of args) {
    if (word === 'i' || word === 'p') wanted = word;
    else if (word === 'timed') isTimed = true;
    else return USAGE;
  }
  if (isTimed) {
    client.isTimed = !client.isTimed;
    wanted ||= 'p';
  }
  client.hasPrompt = wanted === '' ? !client.hasPrompt : wanted === 'p';
  return '';
}
