/** Hot path. How texts are made safe for a log line, a JSON value, structured data or a header field. A test with a regex comes first:
 * nearly every text is safe as it is and is then not copied.
 */

/** Controls, bytes above 126, quotes and `#` itself become #XX. */
const URL_UNSAFE = /[\x00-\x1f"#\x7f-\xff]/;
const URL_UNSAFE_ALL = /[\x00-\x1f"#\x7f-\xff]/g;
/** Captured headers stand between braces, so those and the bar as well. */
const HEADER_UNSAFE = /[\x00-\x1f"#{|}\x7f-\xff]/;
const HEADER_UNSAFE_ALL = /[\x00-\x1f"#{|}\x7f-\xff]/g;
/** What a header field may not hold (RFC 9110 5.5): it becomes %XX. */
const FIELD_UNSAFE = /[\x00-\x08\x0a-\x1f\x7f]/;
const FIELD_UNSAFE_ALL = /[\x00-\x08\x0a-\x1f\x7f]/g;

function hex(char: string): string {
  const code = char.charCodeAt(0);
  return (code < 16 ? '0' : '') + code.toString(16).toUpperCase();
}

const sharp = (char: string): string => `#${hex(char)}`;
const percent = (char: string): string => `%${hex(char)}`;

/** Bytes a request line in a log may not hold as `#XX`. */
export function encodeUrl(text: string): string {
  return URL_UNSAFE.test(text) ? text.replace(URL_UNSAFE_ALL, sharp) : text;
}

/** The same for captured fields. */
export function encodeCapture(text: string): string {
  return HEADER_UNSAFE.test(text) ? text.replace(HEADER_UNSAFE_ALL, sharp) : text;
}

/** Bytes a header field may not hold as `%XX`. */
export function encodeField(text: string): string {
  return FIELD_UNSAFE.test(text) ? text.replace(FIELD_UNSAFE_ALL, percent) : text;
}

/** RFC 5424 6.3.3: inside a PARAM-VALUE. */
export function escapeStructured(text: string): string {
  return /["\\\]]/.test(text) ? text.replace(/["\\\]]/g, '\\$&') : text;
}

/** Quotes and backslashes; other bytes stay. */
export function escapeJson(text: string): string {
  return /["\\]/.test(text) ? text.replace(/["\\]/g, '\\$&') : text;
}

/** Text ends at its first NUL, as in C. */
export function untilNul(text: string): string {
  const nul = text.indexOf('\0');
  return nul < 0 ? text : text.slice(0, nul);
}

function cborHead(major: number, value: bigint): string {
  if (value < 24n) return bytesOf(BigInt(major << 5) | value, 1);
  const code = value <= 0xffn ? 0 : value <= 0xffffn ? 1 : value <= 0xffffffffn ? 2 : 3;
  return bytesOf(BigInt((major << 5) | (24 + code)), 1) + bytesOf(value, 1 << code);
}

function bytesOf(value: bigint, width: number): string {
  let out = '';
  for (let i = width - 1; i >= 0; i--) out += String.fromCharCode(Number((value >> BigInt(8 * i)) & 0xffn));
  return out;
}

/** RFC 8949 major types 0 and 1. */
export function cborInteger(value: number | bigint): string {
  const big = BigInt(value);
  return big >= 0n ? cborHead(0, big) : cborHead(1, -1n - big);
}

/** Major type 3, or 2 for bytes. */
export function cborText(text: string, isBytes = false): string {
  return cborHead(isBytes ? 2 : 3, BigInt(text.length)) + text;
}

/** Two digits a byte; <bytes> is latin1. */
export function toHex(bytes: string): string {
  let out = '';
  for (let i = 0; i < bytes.length; i++) out += hex(bytes.charAt(i));
  return out;
}
