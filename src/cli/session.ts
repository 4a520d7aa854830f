/** One client's conversation, without its socket: lines in, answers out, in HAProxy's protocol. Commands are separated by line feeds or
 * `;`; each answer ends with an empty line; without interactive mode the conversation is over after the first line. A line that
 * ends with `<<` is followed by a payload for its last command.
 */
import { type Answer, fail, Message, messageText } from './answer.ts';
import { type ClientState, type Control, mayRun } from './command.ts';
import { findCommand, unknownCommand } from './commands.ts';
import { type Flow, LINE_MAX_BYTES, PAYLOAD_MAX_BYTES, type Talk } from './flow.ts';
import { payloadStart, splitCommands, splitWords, WORDS_MAX } from './words.ts';

const LINE_TOO_BIG = fail(
  "The command line is too big for the buffer size. Please change 'tune.bufsize' in the configuration to use a bigger command.\n",
);
const PAYLOAD_TOO_BIG = fail(
  "The payload is too big. Please change 'tune.cli.max-payload-size' in the configuration to use a bigger payload.\n",
);

export interface SessionLimits {
  readonly lineBytes: number;
  readonly payloadBytes: number;
}

const DEFAULT_LIMITS: SessionLimits = { lineBytes: LINE_MAX_BYTES, payloadBytes: PAYLOAD_MAX_BYTES };

export class CliSession implements Talk {
  readonly client: ClientState;
  private readonly control: Control;
  private readonly limits: SessionLimits;
  private pending = '';
  /** A line whose payload is being received. */
  private payload: { readonly line: string; readonly pattern: string; text: string } | undefined;

  constructor(control: Control, client: ClientState, limits: SessionLimits = DEFAULT_LIMITS) {
    this.control = control;
    this.client = client;
    this.limits = limits;
  }

  /** Takes what was received and yields what is to be sent. `client.isClosing` is set when it is over. */
  *take(text: string): Flow {
    if (this.client.isClosing) return;
    this.pending += text;
    for (;;) {
      const end = this.pending.indexOf('\n');
      if (end < 0) break;
      const line = this.pending.slice(0, end);
      this.pending = this.pending.slice(end + 1);
      yield* this.takeLine(line);
      if (this.client.isClosing) return;
    }
    yield* this.checkPending();
    if (this.payload !== undefined && this.client.hasPrompt) yield '+ ';
  }

  private *checkPending(): Flow {
    if (this.payload !== undefined) {
      if (this.payload.text.length + this.pending.length > this.limits.payloadBytes) {
        yield* this.refuse(PAYLOAD_TOO_BIG);
      }
    } else if (this.pending.length > this.limits.lineBytes) {
      yield* this.refuse(LINE_TOO_BIG);
    }
  }

  private *refuse(message: Message): Flow {
    this.client.isClosing = true;
    this.pending = '';
    this.payload = undefined;
    yield messageText(message, this.client.severity);
  }

  /** The client shut its side: a last line without an end counts. */
  *end(): Flow {
    if (this.pending !== '' && !this.client.isClosing && this.payload === undefined) {
      yield* this.line(this.pending, undefined);
    }
    this.pending = '';
    this.client.isClosing = true;
  }

  private *takeLine(line: string): Flow {
    const { payload } = this;
    if (payload === undefined) {
      if (line.length > this.limits.lineBytes) {
        yield* this.refuse(LINE_TOO_BIG);
        return;
      }
      const clean = line.endsWith('\r') ? line.slice(0, -1) : line;
      const start = payloadStart(clean);
      if (start === undefined) yield* this.line(clean, undefined);
      else this.payload = { line: start.before, pattern: start.pattern, text: '' };
    } else if (line === payload.pattern) {
      this.payload = undefined;
      // The line end before the pattern is not part of it.
      yield* this.line(payload.line, payload.text.slice(0, -1));
    } else {
      payload.text += `${line}\n`;
    }
  }

  private *line(line: string, payload: string | undefined): Flow {
    const { client } = this;
    const commands = splitCommands(line);
    for (const [position, command] of commands.entries()) {
      const isLast = position === commands.length - 1;
      yield* this.send(this.run(command, isLast ? payload : undefined));
      if (client.isClosing) return;
      yield this.lineEnd(isLast);
    }
    if (!client.isInteractive) client.isClosing = true;
  }

  /** What follows an answer: an empty line, and behind the last one of a line the prompt. */
  private lineEnd(isLast: boolean): string {
    const { client } = this;
    const skips = client.skipsLine;
    client.skipsLine = false;
    if (!client.hasPrompt) return skips ? '' : '\n';
    if (!isLast) return '\n';
    return client.isTimed ? `\n[${this.uptime()}]> ` : '\n> ';
  }

  /** `d:hh:mm:ss` */
  private uptime(): string {
    const seconds = Math.max(0, Math.floor((Date.now() - this.control.source.facts.startedMs) / 1000));
    const two = (value: number) => String(value).padStart(2, '0');
    const days = Math.floor(seconds / 86_400);
    const hours = Math.floor(seconds / 3600) % 24;
    return `${days}:${two(hours)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  }

  private *send(answer: Answer): Flow {
    const settled = answer instanceof Promise ? yield answer : answer;
    if (settled === undefined) return;
    if (typeof settled === 'string') yield settled;
    else if (settled instanceof Message) yield messageText(settled, this.client.severity);
    else yield* this.pieces(settled);
  }

  private *pieces(texts: Iterable<string>): Flow {
    for (const text of texts) yield text;
  }

  private run(text: string, payload: string | undefined): Answer {
    const { client } = this;
    const words = splitWords(text);
    if (words === undefined) {
      return fail(`Too many arguments. Commands must have at most ${WORDS_MAX} arguments.\n`);
    }
    if (words.length === 0 || words[0] === '') return '';
    const found = findCommand(words);
    if (found === undefined) return unknownCommand(words, client);
    const { entry, rest } = found;
    if (entry.restriction === 'expert' && !client.isExpert) {
      return fail('This command is restricted to expert mode only.\n');
    }
    if (entry.restriction === 'experimental' && !client.isExperimental) {
      return fail('This command is restricted to experimental mode only.\n');
    }
    if (!mayRun(client.level, entry.level)) return fail('Permission denied\n');
    if (entry.restriction === 'expert') this.control.source.changed.debugCommands++;
    return entry.run(this.control, rest, client, payload);
  }
}
