/** Hot path. Converters of encoded text: URLs, JSON strings, languages. */
import { converter } from '../declare.ts';

/** Reads %XX; `+` is a space behind the first `?`, or everywhere with <inForm>. undefined: a broken escape. */
function urlDecode(text: string, inForm: boolean): string | undefined {
  if (!/[%+]/.test(text)) return text;
  let out = '';
  let form = inForm;
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i);
    if (char === '+') out += form ? ' ' : '+';
    else if (char === '%') {
      const digits = text.substring(i + 1, i + 3);
      if (!/^[0-9A-Fa-f]{2}$/.test(digits)) return undefined;
      out += String.fromCharCode(Number.parseInt(digits, 16));
      i += 2;
    } else {
      if (char === '?') form = true;
      out += char;
    }
  }
  return out;
}

const UNRESERVED = /[^A-Za-z0-9\-._~]/g;

function percent(char: string): string {
  return `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

const JSON_ESCAPES: { readonly [char: string]: string | undefined } = {
  '"': '\\"',
  '\\': '\\\\',
  '/': '\\/',
  '\b': '\\b',
  '\f': '\\f',
  '\r': '\\r',
  '\n': '\\n',
  '\t': '\\t',
};

function jsonCharacter(code: number): string {
  const escaped = JSON_ESCAPES[String.fromCharCode(code)];
  if (escaped !== undefined) return escaped;
  return code < 32 || code > 126 ? `\\u${code.toString(16).padStart(4, '0')}` : String.fromCharCode(code);
}

type JsonInput = 'ascii' | 'utf8' | 'utf8s' | 'utf8p' | 'utf8ps';
const JSON_INPUTS: readonly string[] = ['', 'ascii', 'utf8', 'utf8s', 'utf8p', 'utf8ps'];

/** How many continuation bytes follow a leading byte; -1 for a byte that cannot lead. */
function utf8Length(lead: number): number {
  if (lead < 0x80) return 0;
  if (lead >= 0xc0 && lead < 0xe0) return 1;
  if (lead >= 0xe0 && lead < 0xf0) return 2;
  return lead >= 0xf0 && lead < 0xf8 ? 3 : -1;
}

const LEAST_CODE = [0, 0x80, 0x800, 0x10000];

/** Escapes <text> for a JSON string. Bytes that are not UTF-8 lose the sample, or are skipped by the `s` inputs. */
function jsonText(text: string, input: JsonInput): string | undefined {
  let out = '';
  if (input === 'ascii') {
    for (let i = 0; i < text.length; i++) out += jsonCharacter(text.charCodeAt(i));
    return out;
  }
  const skips = input.endsWith('s');
  const isStrict = !input.includes('p');
  for (let i = 0; i < text.length; ) {
    const lead = text.charCodeAt(i);
    const more = utf8Length(lead);
    let code = more <= 0 ? lead : lead & (0x3f >> more);
    let read = 1;
    while (read <= more && (text.charCodeAt(i + read) & 0xc0) === 0x80) {
      code = (code << 6) | (text.charCodeAt(i + read) & 0x3f);
      read++;
    }
    i += read;
    const isBroken = more < 0 || read <= more;
    const isOdd =
      isStrict && !isBroken && (code < (LEAST_CODE[more] as number) || (code >= 0xd800 && code <= 0xdfff));
    if (isBroken || isOdd || code > 0xffff) {
      if (skips) continue;
      return undefined;
    }
    out += jsonCharacter(code);
  }
  return out;
}

/** RFC 4647 3.3.1: a range matches a tag, or its beginning up to a hyphen. */
function rangeMatches(range: string, tag: string): boolean {
  if (range.length < tag.length) return false;
  const lowered = range.toLowerCase();
  return lowered === tag.toLowerCase() || lowered.startsWith(`${tag.toLowerCase()}-`);
}

function languageFor(range: string, known: readonly string[]): string | undefined {
  for (let i = 0; i < known.length; i++) {
    if (rangeMatches(range, known[i] as string)) return known[i];
  }
  return undefined;
}

function preferredLanguage(header: string, known: readonly string[]): string | undefined {
  let best = 0;
  let chosen: string | undefined;
  for (const item of header.split(',')) {
    const parts = item.split(';');
    const range = (parts[0] as string).trim();
    if (range === '') continue;
    const language = languageFor(range, known);
    if (language === undefined) continue;
    const q = /^\s*q\s*=\s*(\d(?:\.\d{0,3})?)/.exec(parts[1] ?? '');
    const quality = q === null ? 1 : Math.min(1, Number(q[1]));
    if (quality > best) {
      best = quality;
      chosen = language;
    }
  }
  return chosen;
}

export const textConverters = [
  converter({
    name: 'url_dec',
    args: ['sint?'],
    input: 'str',
    output: 'str',
    convert: (text, [inForm]) => urlDecode(text, inForm !== undefined && inForm !== 0),
  }),
  converter({
    name: 'url_enc',
    args: ['str'],
    input: 'str',
    output: 'str',
    check: ([kind]) =>
      kind === '' || kind === 'query' ? undefined : "Unexpected encode type. Allowed value is 'query'",
    convert: (text) => text.replace(UNRESERVED, percent),
  }),
  converter({
    name: 'json',
    args: ['str'],
    input: 'str',
    output: 'str',
    check: ([input]) =>
      JSON_INPUTS.includes(input)
        ? undefined
        : "Unexpected input code type. Allowed value are 'ascii', 'utf8', 'utf8s', 'utf8p' and 'utf8ps'",
    convert: (text, [input]) => jsonText(text, input === '' ? 'ascii' : (input as JsonInput)),
  }),
  converter({
    name: 'language',
    args: ['str', 'str?'],
    input: 'str',
    output: 'str',
    convert: (header, [known, fallback]) => preferredLanguage(header, known.split(';')) ?? fallback,
  }),
];
