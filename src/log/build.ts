/** Compiles the items of a log format into one function. Flags are resolved here, so that building a line only calls getters and
 * joins strings; the usual case, a line without encoding, is a loop over writers.
 */
import type { LogFormat } from '../model/rules.ts';
import type { Stream } from '../model/stream.ts';
import { textOf, typeOf } from '../sample/types.ts';
import type { Alias, LogSettings } from './aliases.ts';
import { compileEncoded } from './build-encoded.ts';
import { encodeCapture, encodeField, encodeUrl, escapeStructured, untilNul } from './encode.ts';
import type { FormatOptions, Item, ItemFlags } from './log-format.ts';

/** Writes one item's text. */
export type Writer = (stream: Stream) => string;

export function compileItems(
  source: string,
  items: readonly Item[],
  common: ItemFlags,
  options: FormatOptions,
  settings: LogSettings,
): LogFormat {
  if (common.json || common.cbor) {
    return { source, constant: undefined, build: compileEncoded(items, common, settings) };
  }
  const constant = constantOf(items);
  if (constant !== undefined) return { source, constant, build: () => constant };
  const pieces = merge(items, options, settings);
  return { source, constant: undefined, build: join(pieces) };
}

/** The text of a format without anything that depends on the stream. */
function constantOf(items: readonly Item[]): string | undefined {
  let text = '';
  for (const item of items) {
    if (item.kind === 'text') text += item.text;
    else if (item.kind === 'separator') {
      if (text !== '' && !text.endsWith(' ')) text += ' ';
    } else return undefined;
  }
  return text;
}

/** A piece of a line. A blank before it is written unless the line so far ends in one. */
interface Piece {
  readonly hasBlank: boolean;
  readonly text: string;
  readonly write: Writer | undefined;
}

/** Separators become blanks of what follows; neighbouring texts become one. */
function merge(items: readonly Item[], options: FormatOptions, settings: LogSettings): Piece[] {
  const pieces: Piece[] = [];
  let hasBlank = false;
  for (const item of items) {
    if (item.kind === 'separator') {
      hasBlank = true;
      continue;
    }
    if (item.kind === 'text') pieces.push({ hasBlank, text: item.text, write: undefined });
    else pieces.push({ hasBlank, text: '', write: writerOf(item, options, settings) });
    hasBlank = false;
  }
  if (hasBlank) pieces.push({ hasBlank, text: '', write: undefined });
  return pieces;
}

function join(pieces: readonly Piece[]): Writer {
  return (stream) => {
    let out = '';
    // A line never begins with a blank, and an empty item does not end the blank before it.
    let atBlank = true;
    for (let i = 0; i < pieces.length; i++) {
      const piece = pieces[i] as Piece;
      if (piece.hasBlank && !atBlank) {
        out += ' ';
        atBlank = true;
      }
      const text = piece.write === undefined ? piece.text : piece.write(stream);
      if (text === '') continue;
      out += text;
      atBlank = false;
    }
    return out;
  };
}

function writerOf(
  item: Exclude<Item, { kind: 'text' | 'separator' }>,
  options: FormatOptions,
  settings: LogSettings,
): Writer {
  if (item.kind === 'alias') return aliasWriter(item.alias, item.flags, settings);
  const { expression, flags } = item;
  const { type } = expression;
  const evaluate = expression.evaluate;
  if (options.use === 'http') {
    return (stream) => encodeField(textOf(evaluate(stream), type) ?? '');
  }
  const finish = textWriter(flags);
  if (flags.bin) {
    return (stream) => {
      const value = evaluate(stream);
      const isBytes = value !== undefined && (type === 'bin' || (type === 'any' && typeOf(value) === 'bin'));
      return isBytes ? (value as string) : finish(textOf(value, type) ?? '');
    };
  }
  return (stream) => finish(untilNul(textOf(evaluate(stream), type) ?? ''));
}

/** Quotes, escapes, or `-` for nothing, as the flags say. */
function textWriter(flags: ItemFlags): (text: string) => string {
  const escape = flags.escape ? escapeStructured : (text: string): string => text;
  if (flags.quote) return (text) => `"${escape(text)}"`;
  if (flags.mandatory) return (text) => (text === '' ? '-' : escape(text));
  return escape;
}

/** Capital hexadecimal digits of 32 bits, <digits> at least. */
export function hexNumber(value: number, digits: number): string {
  return (value >>> 0).toString(16).toUpperCase().padStart(digits, '0');
}

/** Two capital digits an octet. */
export function hexAddress(octets: Uint8Array): string {
  let out = '';
  for (let i = 0; i < octets.length; i++) out += hexNumber(octets[i] as number, 2);
  return out;
}

function aliasWriter(alias: Alias, flags: ItemFlags, settings: LogSettings): Writer {
  switch (alias.kind) {
    case 'global':
      return () => '';
    case 'raw':
      return (stream) => alias.get(stream, settings);
    case 'text': {
      const finish = textWriter(flags);
      return (stream) => finish(alias.get(stream, settings));
    }
    case 'encoded': {
      const escape = flags.escape ? escapeStructured : (text: string): string => text;
      if (flags.quote) return (stream) => `"${escape(encodeUrl(alias.get(stream, settings)))}"`;
      return (stream) => escape(encodeUrl(alias.get(stream, settings)));
    }
    case 'int':
      return integerWriter(alias, flags, settings);
    case 'address': {
      const finish = textWriter(flags);
      if (flags.hex) {
        return (stream) => {
          const address = alias.get(stream);
          return address === undefined ? finish('') : hexAddress(address.octets);
        };
      }
      return (stream) => finish(alias.get(stream)?.toString() ?? 'unix');
    }
    case 'port':
      return (stream) => {
        const port = alias.get(stream);
        if (port === undefined) return '-';
        return flags.hex ? hexNumber(port, 4) : String(port);
      };
    case 'captures':
      return (stream) => captureText(stream, alias.isResponse);
    case 'capture list':
      return (stream) => captureList(stream, alias.isResponse, flags.quote);
  }
}

function integerWriter(
  alias: Extract<Alias, { kind: 'int' }>,
  flags: ItemFlags,
  settings: LogSettings,
): Writer {
  const { hexDigits, plus, padding } = alias;
  if (flags.hex && hexDigits !== undefined)
    return (stream) => hexNumber(alias.get(stream, settings), hexDigits);
  if (plus !== undefined) return (stream) => (plus(stream) ? '+' : '') + alias.get(stream, settings);
  if (padding !== undefined) return (stream) => String(alias.get(stream, settings)).padStart(padding, '0');
  return (stream) => String(alias.get(stream, settings));
}

/** `{a|b}`: all slots, those that caught nothing empty; nothing at all without slots. */
export function captureText(stream: Stream, isResponse: boolean): string {
  const slots = isResponse ? stream.frontend.responseCaptures : stream.frontend.requestCaptures;
  if (slots.length === 0 || stream.request.version === 0) return '';
  const caught = isResponse ? stream.responseCaptures : stream.requestCaptures;
  let out = '{';
  for (let i = 0; i < slots.length; i++) {
    if (i > 0) out += '|';
    const text = caught?.[i];
    if (text !== undefined) out += encodeCapture(text);
  }
  return `${out}}`;
}

/** Each slot on its own: `- b`, or `"" "b"` when quoted. */
export function captureList(stream: Stream, isResponse: boolean, isQuoted: boolean): string {
  const slots = isResponse ? stream.frontend.responseCaptures : stream.frontend.requestCaptures;
  if (slots.length === 0 || stream.request.version === 0) return '';
  const caught = isResponse ? stream.responseCaptures : stream.requestCaptures;
  let out = '';
  for (let i = 0; i < slots.length; i++) {
    if (i > 0) out += ' ';
    const text = caught?.[i];
    const shown = text === undefined ? (isQuoted ? '' : '-') : encodeCapture(text);
    out += isQuoted ? `"${shown}"` : shown;
  }
  return out;
}
