/** Cuts one line into words: quotes, escapes, comments and variables as in the configuration manual, section 2.2 and 2.3.
 * Words remember the column where they began, so that messages can point at them. Owns nothing between two lines.
 */
import type { Word } from './place.ts';
import type { Variables } from './variables.ts';

/** The most words a line may have. */
export const LINE_WORDS_MAX = 64;

export type LexError = 'quote' | 'brace' | 'name' | 'hex' | 'expansion' | 'words';

export interface LexedLine {
  readonly words: readonly Word[];
  readonly error: LexError | undefined;
  /** Column of the error, or of the first empty word; -1 when there is neither. */
  readonly column: number;
  /** The variable that gave the first empty word, '' for none. */
  readonly emptyVariable: string;
}

const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const DOUBLE_QUOTE = 34;
const HASH = 35;
const DOLLAR = 36;
const SINGLE_QUOTE = 39;
const BACKSLASH = 92;

function isSpace(code: number): boolean {
  return code === SPACE || (code >= TAB && code <= CR);
}

/** What a backslash makes of the character after it, when that is always the same. */
const ESCAPES: Readonly<Record<string, string>> = {
  ' ': ' ',
  '\\': '\\',
  '#': '#',
  "'": "'",
  '"': '"',
  t: '\t',
  n: '\n',
  r: '\r',
};

/** Begins with a letter, `_`, or the dot of a pseudo-variable. */
const VARIABLE_NAME = /(?:[A-Za-z_.][A-Za-z0-9_]*)/y;

class Lexer {
  readonly words: Word[] = [];
  error: LexError | undefined;
  column = -1;
  emptyVariable = '';
  private readonly line: string;
  private readonly variables: Variables;
  private at = 0;
  private text = '';
  /** Where the current word began; -1 between words. */
  private start = -1;
  /** The first quote since the last word, where the next word begins if it comes to be; -1 for none. */
  private opening = -1;
  private unknownVariable = '';
  private quote = 0;
  private quoteColumn = 0;
  /** The quotes hold nothing so far: closing them makes an empty word. */
  private emptyQuote = false;

  constructor(line: string, variables: Variables) {
    this.line = line;
    this.variables = variables;
  }

  run(): void {
    const line = this.line;
    while (this.at < line.length && this.error === undefined) {
      const code = line.charCodeAt(this.at);
      if (code === LF || code === CR || code === 0) break;
      if (code === HASH && this.quote === 0) break;
      if ((code === DOUBLE_QUOTE || code === SINGLE_QUOTE) && (this.quote === 0 || this.quote === code)) {
        this.toggleQuote(code);
      } else if (code === BACKSLASH && this.quote !== SINGLE_QUOTE) this.escape();
      else if (code === DOLLAR && this.quote === DOUBLE_QUOTE) this.variable();
      else if (this.quote === 0 && isSpace(code)) this.endWord();
      else this.plain();
    }
    if (this.error !== undefined) return;
    this.endWord();
    if (this.quote !== 0) this.fail('quote', this.quoteColumn);
  }

  private fail(error: LexError, column: number): void {
    if (this.error !== undefined) return;
    this.error = error;
    this.column = column;
  }

  private begin(column: number): void {
    if (this.start < 0) this.start = this.opening >= 0 ? this.opening : column;
  }

  private endWord(): void {
    if (this.start >= 0) {
      if (this.text === '' && this.column < 0) {
        this.column = this.start;
        this.emptyVariable = this.unknownVariable;
      }
      if (this.words.length === LINE_WORDS_MAX) {
        this.fail('words', this.start);
        return;
      }
      this.words.push({ text: this.text, column: this.start });
      this.text = '';
      this.start = -1;
      this.unknownVariable = '';
    }
    this.opening = -1;
    while (this.at < this.line.length && isSpace(this.line.charCodeAt(this.at))) this.at++;
  }

  private toggleQuote(code: number): void {
    if (this.quote === code) {
      if (this.emptyQuote) this.begin(this.quoteColumn);
      this.quote = 0;
    } else {
      this.quote = code;
      this.quoteColumn = this.at;
      if (this.opening < 0) this.opening = this.at;
      this.emptyQuote = true;
    }
    this.at++;
  }

  /** Takes the run of characters that mean themselves. */
  private plain(): void {
    const line = this.line;
    const from = this.at++;
    for (; this.at < line.length; this.at++) {
      const code = line.charCodeAt(this.at);
      if (code > DOLLAR && code !== SINGLE_QUOTE && code !== BACKSLASH) continue;
      if (code < SPACE || code === SINGLE_QUOTE || code === DOUBLE_QUOTE) break;
      if (code === BACKSLASH || code === DOLLAR || code === HASH) break;
      if (code === SPACE && this.quote === 0) break;
    }
    this.begin(from);
    this.text += line.slice(from, this.at);
  }

  private escape(): void {
    const next = this.line[this.at + 1] ?? '';
    this.begin(this.at);
    if (next === 'x') {
      const hex = this.line.slice(this.at + 2, this.at + 4);
      if (!/^[0-9a-fA-F]{2}$/.test(hex)) {
        this.fail('hex', this.at);
        return;
      }
      this.text += String.fromCharCode(Number.parseInt(hex, 16));
      this.at += 4;
      return;
    }
    const meaning = next === '$' && this.quote === DOUBLE_QUOTE ? '$' : ESCAPES[next];
    this.text += meaning ?? '\\';
    this.at += meaning === undefined ? 1 : 2;
  }

  /** `$NAME`, `${NAME}`, `${NAME-default}`, `${NAME[*]}`. */
  private variable(): void {
    const line = this.line;
    const dollar = this.at;
    const hasBrace = line[dollar + 1] === '{';
    const from = dollar + (hasBrace ? 2 : 1);
    VARIABLE_NAME.lastIndex = from;
    const name = VARIABLE_NAME.exec(line)?.[0];
    if (name === undefined) {
      this.fail('name', from);
      return;
    }
    let value = this.variables.get(name);
    if (value === null) {
      this.fail('name', from);
      return;
    }
    let end = from + name.length;
    const isList = hasBrace && line[end] === '[';
    if (isList) {
      if (line.slice(end, end + 3) !== '[*]') {
        this.fail('expansion', end);
        return;
      }
      end += 3;
    }
    if (hasBrace) {
      const close = line[end] === '-' ? line.indexOf('}', end) : line[end] === '}' ? end : -1;
      if (close < 0) {
        this.fail('brace', dollar + 1);
        return;
      }
      if (close > end) value ??= line.slice(end + 1, close);
      end = close + 1;
    }
    this.at = end;
    if (isList) this.expandList(value ?? '', dollar);
    else this.expand(value, name, dollar);
  }

  private expand(value: string | undefined, name: string, column: number): void {
    this.begin(column);
    if (value === undefined) this.unknownVariable = name;
    else this.text += value;
  }

  /** Each word of <value> is a word of its own; an empty list leaves no word at all, its quotes included. */
  private expandList(value: string, column: number): void {
    this.emptyQuote = false;
    const parts = value.split(/[ \t\n\v\f\r]+/);
    for (let i = 0; i < parts.length && this.error === undefined; i++) {
      if (i > 0 && this.start >= 0) {
        const at = this.at;
        this.endWord();
        this.at = at;
      }
      if (parts[i] !== '') {
        this.begin(column);
        this.text += parts[i];
      }
    }
  }
}

/** Cuts <line> (without its LF) into words. */
export function lexLine(line: string, variables: Variables): LexedLine {
  const lexer = new Lexer(line, variables);
  lexer.run();
  return lexer;
}
