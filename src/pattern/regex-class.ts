/** Character classes of PCRE patterns (`[…]`), written for V8. The reader holds a table of the 256 characters, so that
 * ranges, POSIX names, negations and case all become plain membership; the class is then written as ranges.
 */
import { escapeLiteral, otherCase, RegexError, readCharacter } from './regex-escape.ts';

export class ClassReader {
  at: number;
  private readonly source: string;
  private readonly insensitive: boolean;
  private readonly members = new Uint8Array(256);

  /** <at> is the opening bracket. */
  constructor(source: string, at: number, insensitive: boolean) {
    this.source = source;
    this.at = at + 1;
    this.insensitive = insensitive;
  }

  /** The class for V8; afterwards `at` is behind its closing bracket. */
  read(): string {
    const start = this.at - 1;
    const negated = this.source[this.at] === '^';
    if (negated) this.at++;
    let first = true;
    while (first || this.source[this.at] !== ']') {
      if (this.at >= this.source.length) throw new RegexError("missing terminating ']'", start);
      this.readItem();
      first = false;
    }
    this.at++;
    if (this.insensitive) this.addOtherCases();
    return write(this.members, negated);
  }

  private readItem(): void {
    if (this.readPosix() || this.readSet()) return;
    const low = this.readOne();
    if (
      this.source[this.at] !== '-' ||
      this.source[this.at + 1] === ']' ||
      this.at + 1 >= this.source.length
    ) {
      this.members[low] = 1;
      return;
    }
    const hyphen = this.at;
    this.at++;
    const before = this.at;
    if (this.readPosix() || this.readSet()) {
      // PCRE reads `a-\d` as three items
      this.members[low] = 1;
      this.members[0x2d] = 1;
      return;
    }
    this.at = before;
    const high = this.readOne();
    if (high < low) throw new RegexError('range out of order in character class', hyphen);
    for (let code = low; code <= high; code++) this.members[code] = 1;
  }

  private readOne(): number {
    const char = this.source[this.at] as string;
    if (char !== '\\') {
      this.at++;
      return char.charCodeAt(0) & 0xff;
    }
    if (this.source[this.at + 1] === 'b') {
      this.at += 2;
      return 8;
    }
    const read = readCharacter(this.source, this.at);
    this.at = read.end;
    return read.code;
  }

  /** `[:alpha:]` and `[:^alpha:]`. */
  private readPosix(): boolean {
    if (this.source[this.at] !== '[') return false;
    const found = /^\[([:.=])(\^?)(\w*)\1\]/.exec(this.source.slice(this.at, this.at + 20));
    if (found === null) return false;
    const test = POSIX[found[3] as string];
    if (found[1] !== ':' || test === undefined) {
      throw new RegexError(`unknown POSIX class name '${found[0]}'`, this.at);
    }
    this.add(test, found[2] === '^');
    this.at += found[0].length;
    return true;
  }

  /** `\d`, `\W`, `\h` … */
  private readSet(): boolean {
    if (this.source[this.at] !== '\\') return false;
    const letter = this.source[this.at + 1] ?? '';
    const test = ESCAPED[letter.toLowerCase()];
    if (test === undefined) return false;
    this.add(test, letter !== letter.toLowerCase());
    this.at += 2;
    return true;
  }

  private add(test: (code: number) => boolean, negated: boolean): void {
    for (let code = 0; code < 256; code++) if (test(code) !== negated) this.members[code] = 1;
  }

  private addOtherCases(): void {
    for (let code = 65; code <= 90; code++) {
      if (this.members[code] === 1 || this.members[otherCase(code)] === 1) {
        this.members[code] = 1;
        this.members[otherCase(code)] = 1;
      }
    }
  }
}

function write(members: Uint8Array, negated: boolean): string {
  let out = negated ? '[^' : '[';
  for (let code = 0; code < 256; code++) {
    if (members[code] !== 1) continue;
    let last = code;
    while (last < 255 && members[last + 1] === 1) last++;
    out += escapeLiteral(code);
    if (last > code + 1) out += '-';
    if (last > code) out += escapeLiteral(last);
    code = last;
  }
  return `${out}]`;
}

const isDigit = (c: number): boolean => c >= 48 && c <= 57;
const isUpper = (c: number): boolean => c >= 65 && c <= 90;
const isLower = (c: number): boolean => c >= 97 && c <= 122;
const isAlpha = (c: number): boolean => isUpper(c) || isLower(c);
const isSpace = (c: number): boolean => (c >= 9 && c <= 13) || c === 32;
const isGraph = (c: number): boolean => c > 32 && c < 127;
const isWord = (c: number): boolean => isAlpha(c) || isDigit(c) || c === 95;

const POSIX: { readonly [name: string]: ((code: number) => boolean) | undefined } = {
  alpha: isAlpha,
  digit: isDigit,
  alnum: (c) => isAlpha(c) || isDigit(c),
  upper: isUpper,
  lower: isLower,
  space: isSpace,
  blank: (c) => c === 32 || c === 9,
  punct: (c) => isGraph(c) && !isAlpha(c) && !isDigit(c),
  print: (c) => isGraph(c) || c === 32,
  graph: isGraph,
  cntrl: (c) => c < 32 || c === 127,
  xdigit: (c) => isDigit(c) || (c >= 65 && c <= 70) || (c >= 97 && c <= 102),
  word: isWord,
  ascii: (c) => c < 128,
};

const ESCAPED: { readonly [letter: string]: ((code: number) => boolean) | undefined } = {
  d: isDigit,
  w: isWord,
  s: isSpace,
  h: (c) => c === 9 || c === 32 || c === 0xa0,
  v: (c) => (c >= 10 && c <= 13) || c === 0x85,
};
