/** PCRE patterns as JavaScript regular expressions. HAProxy's users write PCRE; V8 silently misreads part of it (`[[:alpha:]]`,
 * `\A`, `\h`, `\K`) and refuses another part (`(?i)`). This translator reads the pattern token by token, writes what means
 * the same to V8, and refuses by name what it cannot translate. Samples are latin1 (one character, one byte), letters are
 * ASCII letters as in PCRE's C locale, so case-insensitive letters become small classes instead of V8's `i` flag.
 *
 * See also: configuration.txt 7.1.4; the pcre2pattern manual page.
 */
import { v8 } from '../base/late-modules.ts';
import { ClassReader } from './regex-class.ts';
import { bothCases, escapeLiteral, RegexError, readCharacter } from './regex-escape.ts';

export { RegexError } from './regex-escape.ts';

/** A compiled pattern. `$` also matches before a final line feed in PCRE. A lookahead would say so, but V8's linear engine
 * knows none: a subject that ends so is tried a second time without its last character. */
export class Regex {
  readonly source: string;
  /** Groups the pattern captures. */
  readonly groups: number;
  private readonly js: string;
  private readonly hasEnd: boolean;
  /** Compiled when first used: only then is the process's flag set, see `tameBacktracking`. */
  private plain: RegExp | undefined;
  private global: RegExp | undefined;

  constructor(source: string, insensitive = false) {
    this.source = source;
    const translated = translateRegex(source, insensitive);
    this.groups = translated.groups;
    this.hasEnd = translated.hasEnd;
    this.js = translated.js;
    try {
      // Only asks whether V8 takes it, in another spelling: V8 would remember this one, compiled without the flag.
      new RegExp(`(?:${translated.js})`);
    } catch {
      throw new RegexError('it is not a valid regular expression', 0);
    }
  }

  test(subject: string): boolean {
    this.plain ??= this.compile('');
    if (this.plain.test(subject)) return true;
    return this.endsLine(subject) && this.plain.test(subject.slice(0, -1));
  }

  /** The first match at or after <from>; `^` matches at the subject's beginning only. */
  exec(subject: string, from = 0): RegExpExecArray | null {
    const match = this.search(subject, from);
    if (!this.endsLine(subject)) return match;
    const shorter = this.search(subject.slice(0, -1), from);
    if (match === null || shorter === null) return match ?? shorter;
    return shorter.index < match.index ? shorter : match;
  }

  private search(subject: string, from: number): RegExpExecArray | null {
    this.global ??= this.compile('g');
    this.global.lastIndex = from;
    return this.global.exec(subject);
  }

  private compile(flags: '' | 'g'): RegExp {
    tameBacktracking();
    return new RegExp(this.js, flags);
  }

  private endsLine(subject: string): boolean {
    return this.hasEnd && subject.charCodeAt(subject.length - 1) === 10;
  }
}

let tamed = false;

/** From the first use of a regex on, V8 gives up backtracking that explodes and runs such a pattern in linear time instead
 * (2.6 s became 0.2 ms on `^(a+)+$`). The flag is process-wide and only read when a regex is compiled. A flag that changes
 * makes V8 refuse every code cache, Node's own too: set while data threads boot, it would cost each of them 60 ms. */
function tameBacktracking(): void {
  if (tamed) return;
  tamed = true;
  v8().setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks');
}

export interface TranslatedRegex {
  readonly js: string;
  readonly groups: number;
  /** A `$` or `\Z` was read. */
  readonly hasEnd: boolean;
}

/** Flags of the group being read; an inline `(?i)` changes them to the group's end. */
interface Flags {
  insensitive: boolean;
  dotAll: boolean;
  multiline: boolean;
}

/** Characters a pattern may have; longer ones are refused. */
export const REGEX_LENGTH_MAX_CHARS = 16384;

/** PCRE in, JavaScript out; throws RegexError with the offset of what V8 cannot do. */
export function translateRegex(source: string, insensitive = false): TranslatedRegex {
  if (source.length > REGEX_LENGTH_MAX_CHARS) throw new RegexError('the pattern is too long', 0);
  return new Translator(source, insensitive).run();
}

class Translator {
  private at = 0;
  private out = '';
  private groups = 0;
  private hasEnd = false;
  /** What was written last may be repeated by a quantifier. */
  private quantifiable = false;
  private readonly open: { flags: Flags; number: number }[] = [];
  private readonly closed = new Set<number>();
  private readonly names = new Map<string, number>();
  private flags: Flags;
  private readonly source: string;

  constructor(source: string, insensitive: boolean) {
    this.source = source;
    this.flags = { insensitive, dotAll: false, multiline: false };
  }

  run(): TranslatedRegex {
    while (this.at < this.source.length) this.readToken();
    if (this.open.length > 0) throw new RegexError("missing ')'", this.at);
    return { js: this.out, groups: this.groups, hasEnd: this.hasEnd };
  }

  private refuse(what: string): never {
    throw new RegexError(what, this.at);
  }

  private write(js: string, quantifiable = true): void {
    this.out += js;
    this.quantifiable = quantifiable;
  }

  private literal(code: number): void {
    this.write(this.flags.insensitive ? bothCases(code) : escapeLiteral(code));
  }

  private readToken(): void {
    const char = this.source[this.at] as string;
    switch (char) {
      case '\\':
        return this.readEscape();
      case '[':
        return this.readClass();
      case '(':
        return this.openGroup();
      case ')':
        return this.closeGroup();
      case '*':
      case '+':
      case '?':
        this.at++;
        return this.quantify(char);
      case '{':
        return this.readBraces();
      case '.':
        this.at++;
        return this.write(this.flags.dotAll ? '[^]' : '[^\\n]');
      case '^':
        this.at++;
        return this.write(this.flags.multiline ? '(?<![^\\n])' : '^', false);
      case '$':
        this.at++;
        return this.writeEnd(this.flags.multiline);
      case '|':
        this.at++;
        return this.write('|', false);
      default:
        this.at++;
        return this.literal(char.charCodeAt(0));
    }
  }

  private writeEnd(multiline: boolean): void {
    if (multiline) return this.write('(?![^\\n])', false);
    this.hasEnd = true;
    this.write('$', false);
  }

  private quantify(js: string): void {
    if (!this.quantifiable) this.refuse('a quantifier does not follow a repeatable item');
    let suffix = '';
    if (this.source[this.at] === '?') {
      this.at++;
      suffix = '?';
    } else if (this.source[this.at] === '+') {
      this.refuse(`possessive quantifiers ('${js}+') are not supported`);
    }
    this.write(js + suffix, false);
  }

  private readBraces(): void {
    const found = /^\{(\d{1,5})(,(\d{0,5}))?\}/.exec(this.source.slice(this.at, this.at + 16));
    if (found === null) {
      this.at++;
      this.literal(0x7b);
      return;
    }
    const least = Number(found[1]);
    const most = found[3] === undefined || found[3] === '' ? least : Number(found[3]);
    if (most < least) this.refuse('numbers out of order in {} quantifier');
    this.at += found[0].length;
    this.quantify(found[0]);
  }

  private readClass(): void {
    const reader = new ClassReader(this.source, this.at, this.flags.insensitive);
    this.write(reader.read());
    this.at = reader.at;
  }

  private openGroup(): void {
    const rest = this.source.slice(this.at, this.at + 4);
    if (rest.startsWith('(*')) this.refuse("verbs '(*' are not supported");
    if (!rest.startsWith('(?')) return this.begin('(', 1, true);
    if (rest.startsWith('(?#')) {
      const end = this.source.indexOf(')', this.at);
      if (end < 0) this.refuse("missing ')' after (?# comment");
      this.at = end + 1;
      return;
    }
    for (const plain of ['(?:', '(?=', '(?!', '(?<=', '(?<!']) {
      if (rest.startsWith(plain)) return this.begin(plain, plain.length, false);
    }
    const named = /^\(\?P?(?:<(\w+)>|'(\w+)')/.exec(this.source.slice(this.at, this.at + 40));
    if (named !== null) {
      this.names.set((named[1] ?? named[2]) as string, this.groups + 1);
      return this.begin('(', named[0].length, true);
    }
    this.inlineFlags();
  }

  private begin(js: string, length: number, captures: boolean): void {
    this.at += length;
    if (captures) this.groups++;
    this.open.push({ flags: { ...this.flags }, number: captures ? this.groups : 0 });
    this.write(js, false);
  }

  private closeGroup(): void {
    const group = this.open.pop();
    if (group === undefined) this.refuse("unmatched closing ')'");
    this.at++;
    this.flags = group.flags;
    if (group.number > 0) this.closed.add(group.number);
    this.write(')');
  }

  /** `(?i)` to the end of the group, `(?i:…)` for a group of its own. */
  private inlineFlags(): void {
    const found = /^\(\?([ims]*)(?:-([ims]+))?([:)])/.exec(this.source.slice(this.at, this.at + 24));
    if (found === null) this.refuse(`'${this.source.slice(this.at, this.at + 3)}' is not supported`);
    const next = { ...this.flags };
    for (const letter of found[1] as string) setFlag(next, letter, true);
    for (const letter of found[2] ?? '') setFlag(next, letter, false);
    if (found[3] === ':') this.begin('(?:', found[0].length, false);
    else this.at += found[0].length;
    this.flags = next;
  }

  private readEscape(): void {
    const letter = this.source[this.at + 1];
    if (letter === undefined) this.refuse('\\ at end of pattern');
    if (letter === 'Q') return this.readQuoted();
    if (letter === 'E') {
      this.at += 2;
      return;
    }
    const set = SETS[letter];
    if (set !== undefined) {
      this.at += 2;
      return this.write(set);
    }
    switch (letter) {
      case 'b':
      case 'B':
        this.at += 2;
        return this.write(`\\${letter}`, false);
      case 'A':
        this.at += 2;
        return this.write('^', false);
      case 'z':
        this.at += 2;
        return this.write('(?![^])', false);
      case 'Z':
        this.at += 2;
        return this.writeEnd(false);
      case 'g':
      case 'k':
        return this.readNamedReference();
    }
    if (letter >= '1' && letter <= '9') return this.readReference();
    const read = readCharacter(this.source, this.at);
    this.at = read.end;
    this.literal(read.code);
  }

  private readQuoted(): void {
    const found = this.source.indexOf('\\E', this.at + 2);
    const end = found < 0 ? this.source.length : found;
    for (let i = this.at + 2; i < end; i++) this.literal(this.source.charCodeAt(i));
    this.at = Math.min(end + 2, this.source.length);
  }

  /** `\1` names a group when there are that many, or when it has one digit; else it is octal. */
  private readReference(): void {
    const digits = (
      /^\\(\d{1,2})/.exec(this.source.slice(this.at, this.at + 3)) as RegExpExecArray
    )[1] as string;
    if (digits.length > 1 && Number(digits) > this.groups) {
      const read = readCharacter(this.source, this.at);
      this.at = read.end;
      return this.literal(read.code);
    }
    this.at += 1 + digits.length;
    this.reference(Number(digits));
  }

  private readNamedReference(): void {
    const text = this.source.slice(this.at, this.at + 40);
    const found = /^\\(?:g(\d+)|g\{(\d+)\}|[gk]\{(\w+)\}|k<(\w+)>|k'(\w+)')/.exec(text);
    if (found === null) this.refuse(`'${text.slice(0, 2)}' is not supported here`);
    const name = found[3] ?? found[4] ?? found[5];
    const number = name === undefined ? Number(found[1] ?? found[2]) : this.names.get(name);
    if (number === undefined) this.refuse(`reference to unknown group '${name}'`);
    this.at += found[0].length;
    this.reference(number);
  }

  private reference(number: number): void {
    if (!this.closed.has(number)) this.refuse('a back reference must follow its group');
    if (this.flags.insensitive) this.refuse('back references that ignore case are not supported');
    this.write(`(?:\\${number})`);
  }
}

function setFlag(flags: Flags, letter: string, value: boolean): void {
  if (letter === 'i') flags.insensitive = value;
  else if (letter === 'm') flags.multiline = value;
  else flags.dotAll = value;
}

/** Escapes that name a set of characters, in ASCII as PCRE without UCP reads them. */
const SETS: { readonly [letter: string]: string | undefined } = {
  d: '\\d',
  D: '\\D',
  w: '\\w',
  W: '\\W',
  s: '[\\t-\\r ]',
  S: '[^\\t-\\r ]',
  h: '[\\t \\xa0]',
  H: '[^\\t \\xa0]',
  v: '[\\n-\\r\\x85]',
  V: '[^\\n-\\r\\x85]',
  N: '[^\\n]',
  R: '(?:\\r\\n|[\\n-\\r\\x85])',
};
