/** Reads source files line by line: cuts them into words, follows `.if` blocks, says `.alert` and friends, and gives what is
 * left to a visitor. Goes on after every error, so that all of them are reported at once.
 */
import { evaluateCondition } from './condition.ts';
import { Cursor } from './cursor.ts';
import { type LexError, type LexedLine, LINE_WORDS_MAX, lexLine } from './lexer.ts';
import { FILE_ALERTS_MAX, type LineAlerts, type MessageLog } from './messages.ts';
import type { Place, Word } from './place.ts';
import type { Variables } from './variables.ts';

/** How deep `.if` may nest. */
export const NESTED_CONDITIONS_MAX = 100;

/** One file as it was read: `name` is what messages show, `text` its bytes, one latin1 character each. */
export interface SourceFile {
  readonly name: string;
  readonly text: string;
}

/** `no …` and `default …` before a keyword. */
export type Modifier = 'no' | 'default' | undefined;

/** A line that is for a section: the words after the modifier, under a cursor. */
export interface Line {
  readonly cursor: Cursor;
  readonly modifier: Modifier;
  readonly alerts: LineAlerts;
}

export interface LineVisitor {
  line(line: Line): void;
  endOfFile(): void;
}

/** taken: lines count; waiting: a later .elif or .else may be taken; skipped: none of this level any more. */
interface Block {
  state: 'taken' | 'waiting' | 'skipped';
  hasElse: boolean;
}

/** Keywords that know `no` and `default`. */
const NEGATABLE = new Set([
  'option',
  'log',
  'busy-polling',
  'set-dumpable',
  'strict-limits',
  'insecure-fork-wanted',
  'numa-cpu-mapping',
]);

const LEX_ERRORS: Readonly<Record<LexError, (column: number) => string>> = {
  quote: (column) => `unmatched quote at position ${column}`,
  brace: (column) => `unmatched brace in environment variable name at position ${column}`,
  name: (column) => `forbidden first char in environment variable name at position ${column}`,
  hex: (column) => `truncated or invalid hexadecimal sequence at position ${column}`,
  expansion: (column) => `truncated or invalid word expansion sequence at position ${column}`,
  words: (column) => `too many words, the ${LINE_WORDS_MAX + 1}th begins at position ${column}`,
};

const LEX_ADVICE: Readonly<Record<LexError, string>> = {
  quote: 'Close the quote on the same line, or escape it with a backslash.',
  brace: 'Write "${NAME}", "${NAME-default}" or "${NAME[*]}".',
  name: 'Inside double quotes "$" begins a variable (letters, digits, "_"); write "\\$" for the character itself.',
  hex: 'Write \\x and two hexadecimal digits, or \\\\x for the two characters themselves.',
  expansion: 'Write "${NAME[*]}" to get each word of a list as a word of its own.',
  words: `A line has at most ${LINE_WORDS_MAX} words: use several lines, or a file of values.`,
};

class FileReader {
  private readonly file: SourceFile;
  private readonly variables: Variables;
  private readonly log: MessageLog;
  private readonly visitor: LineVisitor;
  private readonly blocks: Block[] = [];

  constructor(file: SourceFile, variables: Variables, log: MessageLog, visitor: LineVisitor) {
    this.file = file;
    this.variables = variables;
    this.log = log;
    this.visitor = visitor;
  }

  run(): void {
    const { text, name } = this.file;
    const before = this.log.alertCount;
    let number = 0;
    for (let at = 0; at < text.length; ) {
      const end = text.indexOf('\n', at);
      const source = text.slice(at, end < 0 ? text.length : end);
      at = end < 0 ? text.length : end + 1;
      this.variables.at.line = ++number;
      const place = { file: name, line: number };
      if (this.log.alertCount - before >= FILE_ALERTS_MAX) {
        this.log.add('alert', `too many fatal errors (${FILE_ALERTS_MAX}), stopping now.`, place);
        return;
      }
      const nul = source.indexOf('\0');
      if (nul >= 0) {
        const advice = 'The file is not a text file, or was damaged: nothing after this byte is read.';
        this.log.add('alert', `Stray NUL character at position ${nul + 1}.`, place, source, nul, advice);
        return;
      }
      this.readLine(place, source);
      if (end < 0) this.missingLineFeed(place, source);
    }
    this.endBlocks({ file: name, line: number });
    this.visitor.endOfFile();
  }

  private missingLineFeed(place: Place, source: string): void {
    const message = `Missing LF on last line, file might have been truncated at position ${source.length + 1}.`;
    this.log.add('alert', message, place, source, source.length, 'End the last line with a line feed.');
  }

  private endBlocks(place: Place): void {
    if (this.blocks.length === 0) return;
    this.log.add('alert', "non-terminated '.if' block.", place, '', -1, "Each '.if' needs its '.endif'.");
  }

  private readLine(place: Place, source: string): void {
    const lexed = lexLine(source, this.variables);
    const first = lexed.words[0];
    if (first === undefined && lexed.error === undefined) return;
    const alerts = this.log.forLine(place, source);
    if (lexed.error !== undefined) {
      if (this.isTaken() || first?.text.startsWith('.')) this.lexError(lexed, alerts);
      if (first?.text === '.if') this.blocks.push({ state: 'waiting', hasElse: false });
      return;
    }
    if ((first as Word).text.startsWith('.') && this.directive(lexed.words, alerts)) return;
    if (!this.isTaken()) return;
    if (lexed.column >= 0) this.emptyWord(lexed, alerts);
    else this.statement(lexed.words, alerts);
  }

  private lexError(lexed: LexedLine, alerts: LineAlerts): void {
    const error = lexed.error as LexError;
    const at = { text: '', column: lexed.column };
    alerts.alert(`${LEX_ERRORS[error](lexed.column + 1)}.`, at, LEX_ADVICE[error]);
  }

  /** HAProxy took an empty word for the end of the line for 20 years; it is refused since it hides what follows. */
  private emptyWord(lexed: LexedLine, alerts: LineAlerts): void {
    const index = lexed.words.findIndex((word) => word.text === '');
    const cause =
      lexed.emptyVariable === ''
        ? 'Give it a value, or leave it out.'
        : `The variable "${lexed.emptyVariable}" is not set: set it, or write "\${${lexed.emptyVariable}-default}".`;
    const message = `argument number ${index} at position ${lexed.column + 1} is empty and marks the end of the argument list.`;
    alerts.alert(message, { text: '', column: lexed.column }, cause);
  }

  private statement(words: readonly Word[], alerts: LineAlerts): void {
    const first = (words[0] as Word).text;
    const modifier: Modifier = first === 'no' || first === 'default' ? first : undefined;
    const rest = modifier === undefined ? words : words.slice(1);
    if (modifier !== undefined && !NEGATABLE.has(rest[0]?.text ?? '')) {
      alerts.alert(
        'negation/default currently supported only for options, log, busy-polling, set-dumpable, strict-limits, ' +
          'insecure-fork-wanted and numa-cpu-mapping.',
        words[0],
      );
      return;
    }
    this.visitor.line({ cursor: new Cursor(alerts.place, rest, alerts), modifier, alerts });
  }

  private isTaken(): boolean {
    const block = this.blocks.at(-1);
    return block === undefined || block.state === 'taken';
  }

  /** True when the line was a directive that is done with. */
  private directive(words: readonly Word[], alerts: LineAlerts): boolean {
    switch ((words[0] as Word).text) {
      case '.if':
        this.openBlock(words, alerts);
        return true;
      case '.elif':
        this.elif(words, alerts);
        return true;
      case '.else':
        this.orElse(words, alerts);
        return true;
      case '.endif':
        this.alone(words, alerts);
        if (this.blocks.pop() === undefined) this.lone('.endif', words, alerts);
        return true;
      default:
        if (this.isTaken()) this.say(words, alerts);
        return true;
    }
  }

  private condition(words: readonly Word[], alerts: LineAlerts): 'taken' | 'waiting' {
    const text = words
      .slice(1)
      .map((word) => word.text)
      .join(' ');
    const result = evaluateCondition(text, (name) => this.variables.has(name));
    if ('value' in result) return result.value ? 'taken' : 'waiting';
    const directive = (words[0] as Word).text;
    const message = `${result.error} in '${directive}' at position ${result.at + 1}`;
    const begin = (words[1] as Word).column;
    const isPlain = alerts.source.startsWith(text, begin);
    const at = { text: '', column: isPlain ? begin + result.at : begin };
    alerts.alert(`${message}.`, at, 'The block is read as if the condition were false.');
    return 'waiting';
  }

  private openBlock(words: readonly Word[], alerts: LineAlerts): void {
    const isOuterTaken = this.isTaken();
    if (this.blocks.length + 1 >= NESTED_CONDITIONS_MAX) {
      alerts.alert(`too many nested '.if', max is ${NESTED_CONDITIONS_MAX}.`, words[0]);
      this.blocks.push({ state: 'skipped', hasElse: false });
      return;
    }
    this.blocks.push({ state: isOuterTaken ? this.condition(words, alerts) : 'skipped', hasElse: false });
  }

  private elif(words: readonly Word[], alerts: LineAlerts): void {
    const block = this.blocks.at(-1);
    if (block === undefined) this.lone('.elif', words, alerts);
    else if (block.hasElse) alerts.alert("'.elif' after '.else' is not permitted.", words[0]);
    else block.state = block.state === 'waiting' ? this.condition(words, alerts) : 'skipped';
  }

  private orElse(words: readonly Word[], alerts: LineAlerts): void {
    const block = this.blocks.at(-1);
    if (!this.alone(words, alerts)) return;
    if (block === undefined) {
      this.lone('.else', words, alerts);
      return;
    }
    if (block.hasElse) alerts.alert("'.else' after '.else' is not permitted.", words[0]);
    block.state = block.state === 'waiting' ? 'taken' : 'skipped';
    block.hasElse = true;
  }

  private lone(directive: string, words: readonly Word[], alerts: LineAlerts): void {
    alerts.alert(`lone '${directive}' with no matching '.if'.`, words[0]);
  }

  private alone(words: readonly Word[], alerts: LineAlerts): boolean {
    if (words.length === 1) return true;
    alerts.alert(`Unexpected argument '${words[1]?.text}' for '${words[0]?.text}'.`, words[1]);
    return false;
  }

  private say(words: readonly Word[], alerts: LineAlerts): void {
    const directive = (words[0] as Word).text;
    const severity = directive.slice(1);
    if (severity !== 'alert' && severity !== 'warning' && severity !== 'notice' && severity !== 'diag') {
      const known = '.if, .elif, .else, .endif, .alert, .warning, .notice, .diag';
      alerts.alert(`unknown directive '${directive}'.`, words[0], `Directives: ${known}.`);
    } else if (words.length > 2) {
      const text = `Unexpected argument '${words[2]?.text}' for '${directive}'.`;
      alerts.alert(`${text} Use quotes if the message should contain spaces.`, words[2]);
    } else {
      alerts[severity](`'${words[1]?.text ?? ''}'.`);
    }
  }
}

/** Reads <files> in order; <variables> knows afterwards what the files set. */
export function readLines(
  files: readonly SourceFile[],
  variables: Variables,
  log: MessageLog,
  visitor: LineVisitor,
): void {
  for (const file of files) {
    variables.at.file = file.name;
    variables.at.section = '';
    new FileReader(file, variables, log, visitor).run();
  }
  variables.at.line = 0;
}
