/** One client's conversation, without its socket: lines in, answers out, in HAProxy's protocol. Commands are separated by line feeds or
 * `;`; each answer ends with an empty line; without interactive mode the conversation is over after the first line.
 */
import { type Answer, type ClientState, type Control, mayRun } from './command.ts';
import { findCommand, unknownCommand } from './commands.ts';

/** A line may have so many bytes (HAProxy: one buffer). */
export const LINE_MAX_BYTES = 16384;
/** Words of one command. */
const WORDS_MAX = 64;

/** Words of one command: blanks separate, a backslash keeps the next character. */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word = '';
  let isOpen = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at] as string;
    if (char === ' ' || char === '\t') {
      if (isOpen) words.push(word);
      word = '';
      isOpen = false;
    } else {
      isOpen = true;
      if (char === '\\' && at + 1 < text.length) word += text[++at];
      else word += char;
    }
  }
  if (isOpen) words.push(word);
  return words.slice(0, WORDS_MAX);
}

/** Commands of one line, at `;` that no backslash keeps. */
export function splitCommands(line: string): string[] {
  const commands: string[] = [];
  let from = 0;
  for (let at = 0; at < line.length; at++) {
    if (line[at] === '\\') at++;
    else if (line[at] === ';') {
      commands.push(line.slice(from, at));
      from = at + 1;
    }
  }
  commands.push(line.slice(from));
  return commands;
}

export class CliSession {
  readonly client: ClientState;
  private readonly control: Control;
  private pending = '';

  constructor(control: Control, client: ClientState) {
    this.control = control;
    this.client = client;
  }

  /** Takes what was received and yields what is to be sent. `client.isClosing` is set when it is over. */
  *take(text: string): Generator<string> {
    this.pending += text;
    for (;;) {
      const end = this.pending.indexOf('\n');
      if (end < 0) break;
      const line = this.pending.slice(0, end);
      this.pending = this.pending.slice(end + 1);
      yield* this.line(line.endsWith('\r') ? line.slice(0, -1) : line);
      if (this.client.isClosing) return;
    }
    if (this.pending.length <= LINE_MAX_BYTES) return;
    this.client.isClosing = true;
    yield 'Command too long, connection closed\n';
  }

  /** The client shut its side: a last line without an end counts. */
  *end(): Generator<string> {
    if (this.pending !== '' && !this.client.isClosing) yield* this.line(this.pending);
    this.pending = '';
    this.client.isClosing = true;
  }

  private *line(line: string): Generator<string> {
    const { client } = this;
    for (const command of splitCommands(line)) {
      const answer = this.run(splitWords(command));
      if (client.isClosing) return;
      if (typeof answer === 'string') yield answer;
      else yield* answer;
      yield '\n';
    }
    if (client.hasPrompt) yield '> ';
    if (!client.isInteractive) client.isClosing = true;
  }

  private run(words: readonly string[]): Answer {
    if (words.length === 0) return '';
    const found = findCommand(words);
    if (found === undefined) return unknownCommand(words, this.client);
    if (!mayRun(this.client.level, found.entry.level)) return 'Permission denied\n';
    return found.entry.run(this.control, found.rest, this.client);
  }
}
