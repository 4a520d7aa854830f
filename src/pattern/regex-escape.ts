/** Single characters of a PCRE pattern: how they are escaped there, and how they are written for V8. */

/** A pattern that is wrong, or means something V8 cannot do; `offset` is the character it was found at. */
export class RegexError extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

const SIMPLE: { readonly [letter: string]: number | undefined } = { t: 9, n: 10, r: 13, f: 12, e: 27, a: 7 };

/** Reads the escape that begins at <at> (a backslash) as one character. Refuses letters that have no such meaning. */
export function readCharacter(source: string, at: number): { code: number; end: number } {
  const letter = source[at + 1];
  if (letter === undefined) throw new RegexError('\\ at end of pattern', at);
  const simple = SIMPLE[letter];
  if (simple !== undefined) return { code: simple, end: at + 2 };
  if (letter === 'x') return readHex(source, at);
  if (letter === 'c') return readControl(source, at);
  if (letter === 'o') throw new RegexError("'\\o' is not supported", at);
  if (letter >= '0' && letter <= '7') {
    const digits = (/^[0-7]{1,3}/.exec(source.slice(at + 1, at + 4)) as RegExpExecArray)[0];
    const code = Number.parseInt(digits, 8);
    if (code > 0xff) throw new RegexError('octal value is greater than \\377', at);
    return { code, end: at + 1 + digits.length };
  }
  if (/[A-Za-z0-9]/.test(letter)) throw new RegexError(`'\\${letter}' is not supported`, at);
  return { code: letter.charCodeAt(0), end: at + 2 };
}

function readHex(source: string, at: number): { code: number; end: number } {
  const braced = /^\{([0-9A-Fa-f]{1,6})\}/.exec(source.slice(at + 2, at + 12));
  if (braced !== null) {
    const code = Number.parseInt(braced[1] as string, 16);
    if (code > 0xff) throw new RegexError('character code point is greater than 0xff', at);
    return { code, end: at + 2 + braced[0].length };
  }
  const digits = (/^[0-9A-Fa-f]{0,2}/.exec(source.slice(at + 2, at + 4)) as RegExpExecArray)[0];
  return { code: digits === '' ? 0 : Number.parseInt(digits, 16), end: at + 2 + digits.length };
}

function readControl(source: string, at: number): { code: number; end: number } {
  const letter = source[at + 2];
  if (letter === undefined) throw new RegexError('\\c at end of pattern', at);
  return { code: letter.toUpperCase().charCodeAt(0) ^ 0x40, end: at + 3 };
}

/** A character that stands for itself, outside or inside a class. */
export function escapeLiteral(code: number): string {
  const isWord = (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
  if (isWord || code === 95) return String.fromCharCode(code);
  return `\\x${code.toString(16).padStart(2, '0')}`;
}

/** The same, in either case: a letter becomes `[aA]`. */
export function bothCases(code: number): string {
  const other = otherCase(code);
  return other === code ? escapeLiteral(code) : `[${escapeLiteral(code)}${escapeLiteral(other)}]`;
}

/** The other case of an ASCII letter, or the character itself. */
export function otherCase(code: number): number {
  if (code >= 65 && code <= 90) return code + 32;
  if (code >= 97 && code <= 122) return code - 32;
  return code;
}
