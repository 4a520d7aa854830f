/** Log formats: text with `%alias`, `%{flags}alias`, `%(name)alias` and `%[expression]`. The text is read once into items; a builder is
 * compiled of them (build.ts). The same language makes header values, redirects and answers, where blanks are kept and
 * unsafe bytes become %XX.
 *
 * See also: configuration.txt 8.2.6.
 */
import { didYouMean } from '../config/nearest.ts';
import type { Word } from '../model/place.ts';
import type { RuleContext } from '../model/rule-context.ts';
import type { LogFormat } from '../model/rules.ts';
import { type CompiledExpression, parseExpressionText } from '../sample/expression.ts';
import { type Alias, aliases, findAlias, type LogSettings } from './aliases.ts';
import { compileItems } from './build.ts';
import { LOG_URI_DEFAULT_BYTES } from './request-line.ts';

/** Flags of an item; those of `%{…}o` hold for the items that follow. */
export interface ItemFlags {
  quote: boolean;
  hex: boolean;
  /** E: RFC 5424 structured data. */
  escape: boolean;
  /** M: `-` for what is empty. */
  mandatory: boolean;
  bin: boolean;
  json: boolean;
  cbor: boolean;
}

/** What an item's value is written as in JSON and CBOR. */
export type OutputType = 'str' | 'sint' | 'bool' | 'raw' | undefined;

export type Item =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'separator' }
  | {
      readonly kind: 'alias';
      readonly alias: Alias;
      readonly flags: ItemFlags;
      readonly name: string;
      readonly type: OutputType;
    }
  | {
      readonly kind: 'expression';
      readonly expression: CompiledExpression;
      readonly flags: ItemFlags;
      readonly name: string;
      readonly type: OutputType;
    };

export interface FormatOptions {
  /** Where the result goes: a log line (blanks merge, empty is `-`), a header field or an HTTP body. */
  readonly use: 'log' | 'http';
}

/** Bytes a log format may have. */
export const FORMAT_MAX_BYTES = 65536;

const NO_FLAGS: ItemFlags = {
  quote: false,
  hex: false,
  escape: false,
  mandatory: false,
  bin: false,
  json: false,
  cbor: false,
};

export function logSettings(ctx: RuleContext): LogSettings {
  const { global } = ctx.configuration;
  const uriBytes = Number(global.settings.get('tune.http.logurilen')?.[0]);
  return {
    hostname: global.hostname,
    pid: process.pid,
    uriBytes: uriBytes > 0 ? uriBytes : LOG_URI_DEFAULT_BYTES,
  };
}

/** Compiles <word>; undefined: an alert was given. */
export function parseLogFormat(
  word: Word,
  ctx: RuleContext,
  options: FormatOptions = { use: 'log' },
): LogFormat | undefined {
  if (word.text.length > FORMAT_MAX_BYTES) {
    ctx.alerts.alert(`a log format of more than ${FORMAT_MAX_BYTES} bytes.`, word);
    return undefined;
  }
  const reader = new FormatReader(word, ctx, options);
  const items = reader.read();
  if (items === undefined) return undefined;
  return compileItems(word.text, items, reader.common, options, logSettings(ctx));
}

class FormatReader {
  readonly items: Item[] = [];
  /** Flags that hold for the whole line: those of the first `%o`, less what later ones take away. */
  common: ItemFlags = NO_FLAGS;
  private current: ItemFlags;
  private hasGlobal = false;
  private readonly text: string;
  private at = 0;
  private readonly word: Word;
  private readonly ctx: RuleContext;
  private readonly options: FormatOptions;

  constructor(word: Word, ctx: RuleContext, options: FormatOptions) {
    this.word = word;
    this.text = word.text;
    this.ctx = ctx;
    this.options = options;
    this.current = { ...NO_FLAGS, mandatory: options.use === 'log' };
  }

  private refuse(message: string, advice?: string): undefined {
    const place = { text: this.text, column: this.word.column };
    this.ctx.alerts.alert(`failed to parse log-format : ${message}.`, place, advice);
    return undefined;
  }

  read(): readonly Item[] | undefined {
    let literal = '';
    while (this.at < this.text.length) {
      const char = this.text[this.at] as string;
      if (char === '%') {
        if (this.text[this.at + 1] === '%') {
          literal += '%';
          this.at += 2;
          continue;
        }
        this.addText(literal);
        literal = '';
        if (!this.readItem()) return undefined;
      } else if (char === ' ' && this.options.use === 'log') {
        this.addText(literal);
        literal = '';
        this.items.push({ kind: 'separator' });
        this.at++;
      } else {
        literal += char;
        this.at++;
      }
    }
    this.addText(literal);
    return this.items;
  }

  private addText(text: string): void {
    if (text !== '') this.items.push({ kind: 'text', text });
  }

  /** At a `%`: an optional (name:type), optional {flags}, then [expression] or an alias. */
  private readItem(): boolean {
    const start = this.at;
    this.at++;
    const named = this.readName();
    if (named === undefined) return false;
    let flags = this.current;
    if (this.text[this.at] === '{') {
      const end = this.text.indexOf('}', this.at);
      if (end < 0) {
        this.refuse(`truncated line after '${this.text.slice(start, start + 24)}'`);
        return false;
      }
      const read = this.readFlags(this.text.slice(this.at + 1, end));
      if (read === undefined) return false;
      flags = read;
      this.at = end + 1;
    }
    if (this.text[this.at] === '[') return this.readExpression(flags, named);
    return this.readAlias(start, flags, named);
  }

  private readName(): { name: string; type: OutputType } | undefined {
    if (this.text[this.at] !== '(') return { name: '', type: undefined };
    const found = /^\(([A-Za-z0-9_-]*)(?::([A-Za-z0-9_-]*))?\)/.exec(this.text.slice(this.at, this.at + 256));
    if (found === null)
      return this.refuse(`invalid custom name at position ${this.at} line : '${this.text}'`);
    const type = found[2];
    if (type !== undefined && !['str', 'sint', 'bool', 'raw'].includes(type)) {
      return this.refuse(`unexpected output type '${type}'`, 'Supported types are: str, sint, bool, raw.');
    }
    this.at += found[0].length;
    return { name: found[1] as string, type: type as OutputType };
  }

  private readFlags(text: string): ItemFlags | undefined {
    const flags = { ...this.current };
    for (const part of text.split(',')) {
      const found = /^\s*([+-]?)(\w+)\s*$/.exec(part);
      const set = found?.[1] !== '-';
      switch (found?.[2]) {
        case 'Q':
          flags.quote = set;
          break;
        case 'X':
          flags.hex = set;
          break;
        case 'E':
          flags.escape = set;
          break;
        case 'M':
          flags.mandatory = set;
          break;
        case 'bin':
          flags.bin = set;
          break;
        case 'json':
          flags.json = set;
          break;
        case 'cbor':
          flags.cbor = set;
          break;
        default:
          return this.refuse(
            `unknown flag '${part}' in '%{${text}}'`,
            'Allowed: Q, X, E, M, bin, json, cbor, each with + or -.',
          );
      }
    }
    return flags;
  }

  private readExpression(flags: ItemFlags, named: { name: string; type: OutputType }): boolean {
    const end = expressionEnd(this.text, this.at + 1);
    if (end < 0) {
      this.refuse(`missing ']' after '${this.text.slice(this.at)}'`);
      return false;
    }
    const expression = parseExpressionText(this.text.slice(this.at + 1, end), this.ctx, this.word);
    if (expression === undefined) return false;
    this.items.push({ kind: 'expression', expression, flags, ...named });
    this.at = end + 1;
    return true;
  }

  private readAlias(start: number, flags: ItemFlags, named: { name: string; type: OutputType }): boolean {
    const name = (/^[A-Za-z0-9]*/.exec(this.text.slice(this.at, this.at + 32)) as RegExpExecArray)[0];
    const alias = findAlias(name);
    if (alias === undefined) {
      const names = aliases.map((known) => known.name);
      const near = name === '' ? this.text.slice(start, start + 8) : name;
      this.refuse(
        `no such format alias '${near}'${didYouMean(name, names)}. If you wanted to emit the '%' character verbatim, you need to use '%%'`,
      );
      return false;
    }
    this.at += name.length;
    if (alias.kind === 'global') {
      this.current = flags;
      this.common = this.hasGlobal ? commonFlags(this.common, flags) : flags;
      this.hasGlobal = true;
    } else this.items.push({ kind: 'alias', alias, flags, ...named });
    return true;
  }
}

function commonFlags(a: ItemFlags, b: ItemFlags): ItemFlags {
  return {
    quote: a.quote && b.quote,
    hex: a.hex && b.hex,
    escape: a.escape && b.escape,
    mandatory: a.mandatory && b.mandatory,
    bin: a.bin && b.bin,
    json: a.json && b.json,
    cbor: a.cbor && b.cbor,
  };
}

/** The bracket that ends an expression: not one inside parentheses or quotes. */
function expressionEnd(text: string, from: number): number {
  let depth = 0;
  let quote = '';
  for (let i = from; i < text.length; i++) {
    const char = text[i] as string;
    if (depth > 0 && char === '\\' && quote !== "'") i++;
    else if (quote !== '') {
      if (char === quote) quote = '';
    } else if (depth > 0 && (char === '"' || char === "'")) quote = char;
    else if (char === '(') depth = 1;
    else if (char === ')') depth = 0;
    else if (char === ']' && depth === 0) return i;
  }
  return -1;
}
