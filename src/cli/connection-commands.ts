/** Commands about the connection itself: prompt, levels, modes, severity, anonymising. */
import { randomInt } from 'node:crypto';
import { parseTime } from '../base/time.ts';
import { type Answer, fail, type SeverityOutput, say } from './answer.ts';
import { type ClientState, type Command, type Control, command, hidden, type Level } from './command.ts';

const PROMPT_HELP =
  'Usage: prompt [help | n | i | p | timed]*\n' +
  'Changes the default prompt and interactive mode. Available options:\n' +
  '  help    display this help\n' +
  '  n       set to single-command mode (no prompt, single command)\n' +
  '  i       set to interactive mode only (no prompt, multi-command)\n' +
  '  p       set to prompt+interactive mode (prompt + multi-command)\n' +
  '  timed   toggle displaying the current date in the prompt\n' +
  'Without any argument, toggles between n/i->p, p->n.\n';

type PromptMode = 'n' | 'i' | 'p';

function readPrompt(args: readonly string[]): { mode: PromptMode | ''; isTimed: boolean } | Answer {
  let mode: PromptMode | '' = '';
  let isTimed = false;
  for (const word of args) {
    if (word === 'n' || word === 'i' || word === 'p') mode = word;
    else if (word === 'timed') isTimed = true;
    else return word === 'help' ? say(PROMPT_HELP) : fail(PROMPT_HELP);
  }
  return { mode, isTimed };
}

export const promptCommand = command(
  'prompt',
  '[help | n | i | p | timed ]*',
  'toggle interactive mode with prompt',
  'user',
  (_, args, client) => {
    const wanted = readPrompt(args);
    if (typeof wanted !== 'object' || !('mode' in wanted)) return wanted;
    const next: PromptMode = client.hasPrompt ? 'n' : 'p';
    if (wanted.isTimed) client.isTimed = !client.isTimed;
    const mode = wanted.mode || (wanted.isTimed ? 'p' : next);
    client.hasPrompt = mode === 'p';
    client.isInteractive = mode !== 'n';
    return '';
  },
);

export const quitCommand = command('quit', '', 'disconnect', 'user', (_, __, client) => {
  client.isClosing = true;
  return '';
});

/** `set timeout cli <delay>`: seconds unless a unit says otherwise. */
function setTimeoutCli(_: Control, [what, text]: readonly string[], client: ClientState): Answer {
  if (what !== 'cli') return fail("'set timeout' only supports 'cli'.\n");
  if (text === undefined) return fail('Expects an integer value.\n');
  const time = parseTime(text, 's');
  if ('error' in time || time.ms < 1000) return fail('Invalid timeout value.\n');
  client.timeoutMs = time.ms;
  return '';
}

/** `user`, `operator`: a client may only give rights away. */
function lower(level: Level): Command {
  return command(
    level,
    '',
    `lower the level of the current CLI session to ${level}`,
    level,
    (_, [word], client) => {
      client.skipsLine = word === '-';
      client.level = level;
      client.isExpert = false;
      client.isExperimental = false;
      return '';
    },
  );
}

function mode(words: 'expert-mode' | 'experimental-mode', key: 'isExpert' | 'isExperimental'): Command {
  return hidden(
    command(words, '[on|off]', `enable or disable ${words}`, 'admin', (_, [word, dash], client) => {
      client.skipsLine = dash === '-';
      if (word === undefined) return say(`${words} is ${client[key] ? 'ON' : 'OFF'}\n`);
      client[key] = word === 'on';
      return '';
    }),
  );
}

function setSeverity(_: Control, [word, dash]: readonly string[], client: ClientState): Answer {
  client.skipsLine = dash === '-';
  if (word !== 'none' && word !== 'number' && word !== 'string') {
    return fail("one of 'none', 'number', 'string' is a required argument\n");
  }
  client.severity = word satisfies SeverityOutput;
  return '';
}

const ANON_KEY_MAX = 0xffff_ffff;
const RANDOM_KEY_MAX = 0x7fff_ffff;

function setAnonOn(control: Control, [text]: readonly string[], client: ClientState): Answer {
  if (text === undefined) {
    client.anonKey = control.anonKey || randomInt(1, RANDOM_KEY_MAX);
    return '';
  }
  const key = Number.parseInt(text, 10);
  if (!(key >= 1 && key <= ANON_KEY_MAX)) return fail('Value out of range (1 to 4294967295 expected).\n');
  client.anonKey = key;
  return '';
}

function setAnonKey(control: Control, [text]: readonly string[]): Answer {
  if (text === undefined) return fail('Expects an integer value.\n');
  const key = Number.parseInt(text, 10) || 0;
  if (key < 0 || key > ANON_KEY_MAX) return fail('Value out of range (0 to 4294967295 expected).\n');
  control.anonKey = key;
  return '';
}

function showAnon(_: Control, __: readonly string[], client: ClientState): Answer {
  if (client.anonKey === 0) return say('Anonymized mode disabled\n');
  const key = client.level === 'user' ? '' : `Key : ${client.anonKey}\n`;
  return say(`Anonymized mode enabled\n${key}`);
}

export const connectionCommands: readonly Command[] = [
  lower('user'),
  lower('operator'),
  mode('expert-mode', 'isExpert'),
  mode('experimental-mode', 'isExperimental'),
  command('set timeout', '[cli] <delay>', 'change a timeout setting', 'user', setTimeoutCli),
  command(
    'set severity-output',
    '[none|number|string]',
    'set presence of severity level in feedback information',
    'user',
    setSeverity,
  ),
  command('set anon on', '[value]', 'activate the anonymized mode', 'user', setAnonOn),
  command('set anon off', '', 'deactivate the anonymized mode', 'user', (_, [word], client) => {
    if (word !== undefined) return fail("Key can't be added while disabling anonymized mode\n");
    client.anonKey = 0;
    return '';
  }),
  command('set anon global-key', '<value>', 'change the global anonymizing key', 'admin', setAnonKey),
  command('show anon', '', 'display the current state of anonymized mode', 'user', showAnon),
  command('show cli level', '', 'display the level of the current CLI session', 'user', (_, __, client) =>
    say(`${client.level}\n`),
  ),
  command('echo', '<text>', 'print text to the output', 'user', (_, args) => say(`${args.join(' ')}\n`)),
];
