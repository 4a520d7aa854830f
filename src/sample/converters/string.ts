/** Hot path. Converters on strings: case, words and fields, parts of hosts, searching and replacing. */

import type { Stream } from '../../model/stream.ts';
import { asciiLower, asciiUpper } from '../../pattern/ascii.ts';
import type { Regex } from '../../pattern/regex.ts';
import { Regex as RegexClass } from '../../pattern/regex.ts';
import { expandReplacement } from '../../pattern/replacement.ts';
import { converter } from '../declare.ts';
import { fieldAt, paramOf, wordAt } from '../split.ts';
import { textOf } from '../types.ts';
import type { Variable } from '../variable.ts';

/** Replaces the first match, or with <global> all of them. */
function substitute(text: string, regex: Regex, replacement: string, global: boolean): string {
  let out = '';
  let at = 0;
  for (;;) {
    const match = regex.exec(text, at);
    if (match === null) break;
    const expanded = expandReplacement(replacement, match);
    if (expanded === undefined) break;
    const end = match.index + match[0].length;
    out += text.substring(at, match.index) + expanded;
    at = end;
    if (match[0] === '' && at < text.length) out += text.charAt(at++);
    if (!global || end >= text.length) break;
  }
  return at === 0 && out === '' ? text : out + text.substring(at);
}

function wrongFlags(flags: string | undefined): string | undefined {
  const bad = /[^ig]/.exec(flags ?? '');
  return bad === null ? undefined : `invalid regex flag '${bad[0]}', only 'i' and 'g' are supported`;
}

/** The text of a variable, '' when it is not set. */
function variableText(variable: Variable | undefined, stream: Stream): string {
  return variable === undefined ? '' : (textOf(variable.get(stream), 'any') ?? '');
}

/** Where the port's colon stands; -1 when there is none (a bracket ends an IPv6 address). */
function portColon(host: string): number {
  const colon = host.lastIndexOf(':');
  return colon > host.lastIndexOf(']') ? colon : -1;
}

function reversedDomain(domain: string): string | undefined {
  const name = domain.endsWith('.') ? domain.slice(0, -1) : domain;
  if (name === '') return undefined;
  const labels = name.split('.');
  return labels.includes('') ? undefined : labels.reverse().join('.');
}

function reversedText(text: string): string {
  let out = '';
  for (let i = text.length - 1; i >= 0; i--) out += text.charAt(i);
  return out;
}

function trimStart(text: string, characters: string): string {
  let start = 0;
  while (start < text.length && characters.includes(text.charAt(start))) start++;
  return text.substring(start);
}

function trimEnd(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text.charAt(end - 1))) end--;
  return text.substring(0, end);
}

const CASE_REGEXES = new WeakMap<Regex, Regex>();

/** `regsub(…,i)`: the same pattern ignoring case, compiled once. */
function withoutCase(regex: Regex): Regex {
  let found = CASE_REGEXES.get(regex);
  if (found === undefined) {
    found = new RegexClass(regex.source, true);
    CASE_REGEXES.set(regex, found);
  }
  return found;
}

/** `0x26` is `&`. */
function delimiterOf(text: string): string {
  if (text.length !== 4 || !text.startsWith('0x')) return text;
  const code = Number(text);
  return Number.isInteger(code) ? String.fromCharCode(code) : text;
}

export const stringConverters = [
  converter({
    name: 'lower',
    args: [],
    input: 'str',
    output: 'str',
    convert: (text) => asciiLower(text),
  }),
  converter({
    name: 'upper',
    args: [],
    input: 'str',
    output: 'str',
    convert: (text) => asciiUpper(text),
  }),
  converter({
    name: 'length',
    args: [],
    input: 'str',
    output: 'sint',
    convert: (text) => text.length,
  }),
  converter({
    name: 'field',
    args: ['sint', 'str', 'sint?'],
    input: 'str',
    output: 'str',
    check: ([, delimiters]) => (delimiters === '' ? 'no separator specified' : undefined),
    convert: (text, [index, delimiters, count]) => fieldAt(text, index, delimiters, count ?? 1),
  }),
  converter({
    name: 'word',
    args: ['sint', 'str', 'sint?'],
    input: 'str',
    output: 'str',
    check: ([, delimiters]) => (delimiters === '' ? 'no separator specified' : undefined),
    convert: (text, [index, delimiters, count]) => wordAt(text, index, delimiters, count ?? 1),
  }),
  converter({
    name: 'param',
    args: ['str', 'str?'],
    input: 'str',
    output: 'str',
    check: ([, delimiter]) =>
      delimiter !== undefined && delimiterOf(delimiter).length !== 1
        ? 'delimiter must be one character, or its code as 0xHH'
        : undefined,
    convert: (text, [name, delimiter]) => paramOf(text, name, delimiterOf(delimiter ?? '&')),
  }),
  converter({
    name: 'regsub',
    args: ['reg', 'str', 'str?'],
    input: 'str',
    output: 'str',
    check: ([, , flags]) => wrongFlags(flags),
    convert: (text, [regex, replacement, flags]) => {
      if (flags === undefined) return substitute(text, regex, replacement, false);
      const used = flags.includes('i') ? withoutCase(regex) : regex;
      return substitute(text, used, replacement, flags.includes('g'));
    },
  }),
  converter({
    name: 'concat',
    args: ['str', 'var?', 'str?'],
    input: 'str',
    output: 'str',
    convert: (text, [start, variable, end], stream) =>
      text + start + variableText(variable, stream) + (end ?? ''),
  }),
  converter({
    name: 'add_item',
    args: ['str', 'var or none', 'str?'],
    input: 'str',
    output: 'str',
    check: ([, variable, suffix]) =>
      variable === undefined && (suffix ?? '') === ''
        ? 'one of the optional arguments has to be nonempty'
        : undefined,
    convert: (text, [delimiter, variable, suffix], stream) => {
      const item = variableText(variable, stream) + (suffix ?? '');
      if (item === '') return text;
      return text === '' ? item : text + delimiter + item;
    },
  }),
  converter({
    name: 'strcmp',
    args: ['var'],
    input: 'str',
    output: 'sint',
    convert: (text, [variable], stream) => {
      const other = textOf(variable.get(stream), 'any');
      if (other === undefined) return undefined;
      return text === other ? 0 : text < other ? -1 : 1;
    },
  }),
  converter({
    name: 'iif',
    args: ['str', 'str'],
    input: 'bool',
    output: 'str',
    convert: (value, [whenTrue, whenFalse]) => (value ? whenTrue : whenFalse),
  }),
  converter({
    name: 'host_only',
    args: [],
    input: 'str',
    output: 'str',
    convert: (host) => {
      const colon = portColon(host);
      return asciiLower(colon < 0 ? host : host.substring(0, colon));
    },
  }),
  converter({
    name: 'port_only',
    args: [],
    input: 'str',
    output: 'sint',
    convert: (host) => {
      const colon = portColon(host);
      return colon < 0 ? 0 : Number.parseInt(host.substring(colon + 1), 10) || 0;
    },
  }),
  converter({
    name: 'reverse',
    args: [],
    input: 'str',
    output: 'str',
    convert: (text) => reversedText(text),
  }),
  converter({
    name: 'reverse_dom',
    args: [],
    input: 'str',
    output: 'str',
    convert: (text) => reversedDomain(text),
  }),
  converter({
    name: 'ltrim',
    args: ['str'],
    input: 'str',
    output: 'str',
    convert: (text, [characters]) => trimStart(text, characters),
  }),
  converter({
    name: 'rtrim',
    args: ['str'],
    input: 'str',
    output: 'str',
    convert: (text, [characters]) => trimEnd(text, characters),
  }),
  converter({
    name: 'cut_crlf',
    args: [],
    input: 'str',
    output: 'str',
    convert: (text) => {
      const at = text.search(/[\r\n]/);
      return at < 0 ? text : text.substring(0, at);
    },
  }),
];
