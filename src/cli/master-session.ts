/** One client's conversation with the master: commands with an `@` prefix go to a worker, the others are the master's own (management
 * guide, section 9.4). The connection stays until the client is done with it. What a command needs of the process comes through
 * `MasterDoor`; a worker's answer is passed on as it comes.
 */
import { fail, Message, messageText, type SettledAnswer } from './answer.ts';
import type { ClientState, Level } from './command.ts';
import { Conversation } from './conversation.ts';
import { findIn, helpText, unknownText, usageOnly } from './find-command.ts';
import { type Flow, LINE_MAX_BYTES, PAYLOAD_MAX_BYTES, type Talk } from './flow.ts';
import { type MasterCommand, masterCommands, mayRunMaster } from './master-commands.ts';
import type { MasterDoor } from './master-door.ts';
import { readMasterPrompt } from './master-prompt.ts';
import { relay } from './master-relay.ts';
import { payloadStart, splitCommands, splitWords, WORDS_MAX } from './words.ts';
import { WorkerReader } from './worker-reader.ts';

/** The master itself. */
const MASTER = 0;

const ALWAYS = [
  usageOnly('help', '[<command>]', 'list matching or all commands'),
  usageOnly('prompt', '[help | n | i | p | timed ]*', 'toggle interactive mode with prompt'),
  usageOnly('quit', '', 'disconnect'),
];

interface Pending {
  readonly pid: number;
  readonly command: string;
  readonly pattern: string;
  text: string;
}

export class MasterSession implements Talk {
  readonly client: ClientState;
  private readonly door: MasterDoor;
  private pending = '';
  /** Where commands without a prefix go. */
  private target = MASTER;
  private isDebug = false;
  private payload: Pending | undefined;

  constructor(door: MasterDoor, client: ClientState) {
    this.door = door;
    this.client = client;
    client.isInteractive = true;
  }

  *take(text: string): Flow {
    if (this.client.isClosing) return;
    this.pending += text;
    for (;;) {
      const end = this.pending.indexOf('\n');
      if (end < 0) break;
      const line = this.pending.slice(0, end);
      this.pending = this.pending.slice(end + 1);
      yield* this.takeLine(line.endsWith('\r') && this.payload === undefined ? line.slice(0, -1) : line);
      if (this.client.isClosing || this.client.takeOver !== undefined) return;
    }
    const held = this.pending.length + (this.payload?.text.length ?? 0);
    if (held <= (this.payload === undefined ? LINE_MAX_BYTES : PAYLOAD_MAX_BYTES)) return;
    this.client.isClosing = true;
    yield 'The command line is too big for the buffer size.\n';
  }

  /** The client shut its side: unlike a worker the master does nothing with a line that has no end. */
  *end(): Flow {
    this.client.isClosing = true;
    yield* [];
  }

  private *takeLine(line: string): Flow {
    const { payload } = this;
    if (payload !== undefined) {
      payload.text += `${line}\n`;
      if (line !== payload.pattern) return;
      this.payload = undefined;
      const { pid, command } = payload;
      if (pid === MASTER) yield* this.own(command.replace(/<<\S*$/, ''));
      else yield* this.toWorker(pid, `${command}\n${payload.text}`);
      yield this.prompt();
      return;
    }
    const start = payloadStart(line);
    const commands = splitCommands(line);
    for (const [position, command] of commands.entries()) {
      const isLast = position === commands.length - 1;
      if (yield* this.command(command, isLast ? start?.pattern : undefined, commands.slice(position + 1)))
        return;
      if (this.client.isClosing) return;
    }
  }

  /** One command; true when the rest of the line is not to be looked at. */
  private *command(text: string, pattern: string | undefined, rest: readonly string[]): Flow<boolean> {
    const trimmed = text.replace(/^[ \t]+/, '');
    const word = /^@[^ \t]*/.exec(trimmed)?.[0] ?? '';
    const after = trimmed.slice(word.length).replace(/^[ \t]+/, '');
    if (word.startsWith('@@')) return yield* this.join(word, [after, ...rest]);
    let pid = this.target;
    if (word !== '') {
      const found = this.resolve(word);
      if (found === undefined) return yield* this.refuse(word);
      if (after === '') {
        this.target = found;
        yield this.prompt();
        return false;
      }
      pid = found;
    } else if (yield* this.local(trimmed)) return false;
    if (pattern !== undefined) this.payload = { pid, command: after, pattern, text: '' };
    else if (pid === MASTER) yield* this.own(after);
    else yield* this.toWorker(pid, `${after}\n`);
    yield this.prompt();
    return false;
  }

  /** A prefix that names nobody: what was sent behind it is forgotten. */
  private *refuse(word: string): Flow<boolean> {
    this.pending = '';
    yield `Can't find the target PID matching the prefix '${word}'\n`;
    yield this.prompt();
    return true;
  }

  /** The process that <word> names; MASTER for the master, undefined for nobody. */
  private resolve(word: string): number | undefined {
    const name = word.slice(1);
    if (name === '' || name === 'master') return MASTER;
    const workers = this.door.workers();
    if (name.startsWith('!')) {
      const pid = /^!\d{1,10}$/.test(name) ? Number(name.slice(1)) : -1;
      return workers.some((one) => one.pid === pid) ? pid : undefined;
    }
    if (!/^[+-]?\d{1,10}$/.test(name)) return undefined;
    const number = Number(name);
    if (number === 0) return MASTER;
    if (number !== 1) return undefined;
    let newest: { readonly pid: number; readonly reloads: number } | undefined;
    for (const one of workers) if (newest === undefined || one.reloads < newest.reloads) newest = one;
    return newest?.pid;
  }

  /** Commands about this connection, whoever the others go to; false when <text> is none. */
  private *local(text: string): Flow<boolean> {
    const words = splitWords(text) ?? [];
    const [first, second] = words;
    const { client } = this;
    if (first === 'prompt') {
      const usage = readMasterPrompt(words.slice(1), client);
      if (usage !== '') yield usage;
    } else if (first === 'quit') client.isClosing = true;
    else if (first === 'user' || first === 'operator') yield this.lower(first);
    else if (first === 'set' && second === 'severity-output') {
      const [, , output] = words;
      if (output === 'none' || output === 'number' || output === 'string') client.severity = output;
      else yield "one of 'none', 'number', 'string' is a required argument\n";
    } else if (first === 'expert-mode' || first === 'experimental-mode' || first === 'mcli-debug-mode') {
      yield this.setMode(first, second === 'on');
    } else return false;
    yield this.prompt();
    return true;
  }

  private lower(level: Level): string {
    const { client } = this;
    if (client.level === 'user' && level === 'operator') return 'Permission denied!\n';
    client.level = level;
    return '';
  }

  private setMode(mode: string, isOn: boolean): string {
    const { client } = this;
    if (client.level !== 'admin') return 'Permission denied!\n';
    if (mode === 'expert-mode') client.isExpert = isOn;
    else if (mode === 'experimental-mode') client.isExperimental = isOn;
    else this.isDebug = isOn;
    return '';
  }

  /** A command of the master itself. */
  private *own(text: string): Flow {
    const { client, door } = this;
    const words = splitWords(text);
    let answer: SettledAnswer | Promise<SettledAnswer> = '';
    if (words === undefined)
      answer = fail(`Too many arguments. Commands must have at most ${WORDS_MAX} arguments.\n`);
    else if (words.length > 0) {
      const found = findIn<MasterCommand>(masterCommands, words);
      if (words[0] === 'help') answer = helpText(masterCommands, ALWAYS, words.slice(1), client);
      else if (found === undefined) answer = unknownText(masterCommands, ALWAYS, words, client);
      else answer = mayRunMaster(client, found.entry) ?? found.entry.run(door, found.rest, client);
    }
    const settled = answer instanceof Promise ? yield answer : answer;
    if (settled instanceof Message) yield messageText(settled, client.severity);
    else if (settled !== undefined) yield* this.texts(typeof settled === 'string' ? [settled] : settled);
    yield '\n';
  }

  private *texts(texts: Iterable<string>): Flow {
    for (const text of texts) yield text;
  }

  /** What the worker has to know of this client, before its command. */
  private preamble(): string {
    const { client } = this;
    let text = '';
    if (client.isExpert) text += 'expert-mode on -;';
    if (client.isExperimental) text += 'experimental-mode on -;';
    if (client.severity !== 'none') text += `set severity-output ${client.severity} -;`;
    return text;
  }

  private *toWorker(pid: number, text: string): Flow {
    const pipe = this.door.connect(pid, this.client.level);
    if (pipe === undefined) {
      yield `Can't connect to the target CLI!\n`;
      return;
    }
    const reader = new WorkerReader(pipe);
    try {
      pipe.send(this.preamble() + text);
      pipe.end();
      for (;;) {
        const piece = yield reader.next();
        if (typeof piece !== 'string' || piece === '') return;
        yield piece;
      }
    } finally {
      pipe.destroy();
    }
  }

  /** `@@`: the connection belongs to the worker, in both directions, until the worker closes it. */
  private *join(word: string, commands: readonly string[]): Flow<boolean> {
    const pid = this.resolve(word.slice(1));
    if (pid === undefined) return yield* this.refuse(word);
    if (pid === MASTER) {
      this.pending = `${commands.join(';')}\n${this.pending}`;
      return true;
    }
    const pipe = this.door.connect(pid, this.client.level);
    if (pipe === undefined) return yield* this.refuse(word);
    const first = commands.join(';').trim() === '' ? '' : `${commands.join(';')}\n`;
    const text = this.preamble() + first + this.pending;
    this.pending = '';
    this.client.takeOver = (connection) => {
      this.client.takeOver = undefined;
      relay(connection, pipe, text, () => {
        new Conversation(connection, this).begin(this.prompt());
      });
    };
    return true;
  }

  /** '' without prompt mode. */
  private prompt(): string {
    const { client, door, target } = this;
    if (!client.hasPrompt) return '';
    if (this.payload !== undefined) return '+ ';
    const flags = `${client.isExperimental ? 'x' : ''}${client.isExpert ? 'e' : ''}${this.isDebug ? 'd' : ''}`;
    const failed = target === MASTER && door.reloads().failed > 0 ? '[ReloadFailed]' : '';
    return `${this.age()}${target === MASTER ? 'master' : target}${failed}${flags === '' ? '' : `(${flags})`}> `;
  }

  /** `[d:hh:mm:ss] ` of the process that is talked to. */
  private age(): string {
    const { client, door, target } = this;
    if (!client.isTimed) return '';
    const since =
      target === MASTER ? door.startedMs : door.workers().find((one) => one.pid === target)?.startedMs;
    if (since === undefined) return '[gone] ';
    const seconds = Math.max(0, Math.floor((Date.now() - since) / 1000));
    const two = (value: number) => String(value).padStart(2, '0');
    const hours = two(Math.floor(seconds / 3600) % 24);
    return `[${Math.floor(seconds / 86_400)}:${hours}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}] `;
  }
}
