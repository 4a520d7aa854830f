/** Log lines as JSON objects or CBOR maps (`%{+json}o`, `%{+cbor}o`): only named items are written, each with its own type. CBOR is
 * written in hexadecimal unless `+bin` asks for the bytes (RFC 8949).
 */
import type { SampleType, SampleValue } from '../model/rules.ts';
import type { Stream } from '../model/stream.ts';
import { Binary, findCast, textOf, typeOf } from '../sample/types.ts';
import type { LogSettings } from './aliases.ts';
import { captureList, captureText, hexAddress, hexNumber, type Writer } from './build.ts';
import { cborInteger, cborText, encodeUrl, escapeJson, toHex, untilNul } from './encode.ts';
import type { Item, ItemFlags, OutputType } from './log-format.ts';

/** `undefined` is null: an expression without a sample, captures without slots. */
type Value = string | number | bigint | boolean | Binary | Chunks | undefined;

/** Text whose length is not known beforehand: CBOR writes it in chunks. */
class Chunks {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}
type Named = Exclude<Item, { kind: 'text' | 'separator' }>;

export function compileEncoded(items: readonly Item[], common: ItemFlags, settings: LogSettings): Writer {
  const named = items.filter(
    (item): item is Named => item.kind !== 'text' && item.kind !== 'separator' && item.name !== '',
  );
  if (common.json) return (stream) => jsonLine(stream, named, settings);
  return (stream) => {
    let out = '\xbf';
    for (let i = 0; i < named.length; i++) {
      const item = named[i] as Named;
      out += cborText(item.name) + cborValue(valueOf(stream, item, settings, true), item.type);
    }
    out += '\xff';
    return common.bin ? out : toHex(out);
  };
}

function jsonLine(stream: Stream, named: readonly Named[], settings: LogSettings): string {
  let out = '{';
  for (let i = 0; i < named.length; i++) {
    const item = named[i] as Named;
    if (i > 0) out += ', ';
    out += `"${item.name}": ${jsonValue(valueOf(stream, item, settings, false), item.type)}`;
  }
  return `${out}}`;
}

function jsonValue(value: Value, type: OutputType): string {
  if (value === undefined) return 'null';
  if (type === 'bool' && isNumber(value)) return isTrue(value) ? 'true' : 'false';
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (typeof value === 'number' || typeof value === 'bigint') {
    return type === 'str' ? `"${value}"` : String(value);
  }
  const text = value instanceof Binary || value instanceof Chunks ? value.text : value;
  return type === 'raw' ? text : `"${escapeJson(untilNul(text))}"`;
}

function cborValue(value: Value, type: OutputType): string {
  if (value === undefined || value === '') return '\xf6';
  if (value instanceof Chunks) return `\x7f${cborText(value.text)}\xff`;
  if (type === 'bool' && isNumber(value)) return isTrue(value) ? '\xf5' : '\xf4';
  if (typeof value === 'boolean') return value ? '\xf5' : '\xf4';
  if (typeof value === 'number' || typeof value === 'bigint') return cborInteger(value);
  if (value instanceof Binary) return type === 'raw' ? value.text : cborText(value.text, true);
  return type === 'raw' ? value : cborText(untilNul(value));
}

function isNumber(value: Value): boolean {
  return typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean';
}

function isTrue(value: Value): boolean {
  return (
    value === true ||
    (typeof value === 'number' && value !== 0) ||
    (typeof value === 'bigint' && value !== 0n)
  );
}

function valueOf(stream: Stream, item: Named, settings: LogSettings, keepsBytes: boolean): Value {
  if (item.kind === 'expression') {
    const value = item.expression.evaluate(stream);
    if (value === undefined) return keepsBytes ? undefined : '';
    return encodable(value, item.expression.type, item.type, keepsBytes);
  }
  const { alias, flags } = item;
  switch (alias.kind) {
    case 'int': {
      const value = alias.get(stream, settings);
      return flags.hex && alias.hexDigits !== undefined ? hexNumber(value, alias.hexDigits) : value;
    }
    case 'address': {
      const address = alias.get(stream);
      if (address === undefined) return '';
      return flags.hex ? hexAddress(address.octets) : address.toString();
    }
    case 'port':
      return alias.get(stream) ?? '';
    case 'captures':
      return chunks(captureText(stream, alias.isResponse));
    case 'capture list':
      return chunks(captureList(stream, alias.isResponse, false));
    case 'encoded':
      return new Chunks(encodeUrl(alias.get(stream, settings)));
    case 'global':
      return '';
    default:
      return alias.get(stream, settings);
  }
}

function chunks(text: string): Chunks | undefined {
  return text === '' ? undefined : new Chunks(text);
}

/** Keeps numbers and booleans as such; anything else is text, or bytes where the encoding has them. */
function encodable(value: SampleValue, declared: SampleType, wanted: OutputType, keepsBytes: boolean): Value {
  const type = declared === 'any' ? typeOf(value) : declared;
  if (wanted === 'sint' || wanted === 'bool') {
    const cast = findCast(declared, wanted);
    if (cast === undefined) return '';
    return cast === null ? (value as Value) : ((cast(value) ?? '') as Value);
  }
  if (wanted === undefined) {
    if (type === 'sint' || type === 'bool') return value as Value;
    if (type === 'bin' && keepsBytes) return value instanceof Binary ? value : new Binary(value as string);
  }
  return textOf(value, declared) ?? '';
}
