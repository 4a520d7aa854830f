/** Hot path. Case of latin1 strings as the C locale sees it: ASCII letters only. V8's own toLowerCase also maps letters
 * above 0x7f (and `ß` to two characters), so strings that hold such bytes take a slower way.
 */

const MAPPED_BY_LOWER = /[\xc0-\xde]/;
const MAPPED_BY_UPPER = /[\x80-\xff]/;

/** A to Z alone; bytes above 127 are latin1 here and stay. */
export function asciiLower(text: string): string {
  return MAPPED_BY_LOWER.test(text) ? mapAscii(text, 65, 32) : text.toLowerCase();
}

/** a to z alone. */
export function asciiUpper(text: string): string {
  return MAPPED_BY_UPPER.test(text) ? mapAscii(text, 97, -32) : text.toUpperCase();
}

function mapAscii(text: string, first: number, shift: number): string {
  let out = '';
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < first || code > first + 25) continue;
    out += text.substring(start, i) + String.fromCharCode(code + shift);
    start = i + 1;
  }
  return start === 0 ? text : out + text.substring(start);
}
