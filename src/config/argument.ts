/** The kinds of arguments a keyword may declare. Each knows how it is written in the manual (its label), reads itself from the
 * cursor, and says what it allows when the word does not fit. A keyword's `parse` gets the values with their types.
 */
import { parseAddress } from '../base/ip.ts';
import { parseSize } from '../base/size.ts';
import { formatTime, parseTime, TIME_MAX_MS, type TimeUnit } from '../base/time.ts';
import { didYouMean } from './nearest.ts';
import type { Word, WordCursor } from './place.ts';

/** The answer of an argument that gave its alert. */
export const REFUSED: unique symbol = Symbol('refused');

export interface Argument<T> {
  /** As the manual writes it: `<timeout>`, `{ on | off }`. */
  readonly label: string;
  /** May be absent; then `read` is not called and the value is undefined. */
  readonly isOptional: boolean;
  /** `read` is called even when no word is left. */
  readonly mayBeEmpty?: boolean;
  /** Nothing can be left over after it. */
  readonly takesRest?: boolean;
  /** Takes its words; <keyword> is for the message. */
  read(cursor: WordCursor, keyword: string): T | typeof REFUSED;
}

export type Value<A> = A extends Argument<infer T> ? T : never;
export type Values<Args extends readonly Argument<unknown>[]> = { [K in keyof Args]: Value<Args[K]> };

/** One word that <convert> understands; undefined from it means "not that", and <allowed> says what is. */
function single<T>(label: string, allowed: string, convert: (text: string) => T | undefined): Argument<T> {
  return {
    label,
    isOptional: false,
    read(cursor, keyword) {
      const at = cursor.words[cursor.position] as Word;
      cursor.position++;
      const value = convert(at.text);
      if (value !== undefined) return value;
      cursor.alerts.alert(
        `'${keyword}' does not understand '${at.text}' as ${label}.`,
        at,
        `Allowed: ${allowed}.`,
      );
      return REFUSED;
    },
  };
}

/** One word, whatever it is. */
export function word(label = '<name>'): Argument<string> {
  return single(label, 'any word', (text) => text);
}

/** A word with its column, for those who look closer themselves. */
export function rawWord(label = '<value>'): Argument<Word> {
  return {
    label,
    isOptional: false,
    read(cursor) {
      return cursor.words[cursor.position++] as Word;
    },
  };
}

/** A decimal integer from <min> to <max>. */
export function integer(label = '<number>', min = 0, max = 0x7fff_ffff): Argument<number> {
  return single(label, `an integer between ${min} and ${max}`, (text) => {
    const value = /^-?[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN;
    return value >= min && value <= max ? value : undefined;
  });
}

const TIME_HINT = 'us, ms, s, m, h or d';

/** Milliseconds. Bare numbers are in <unit>. */
export function time(label = '<timeout>', unit: TimeUnit = 'ms', max = TIME_MAX_MS): Argument<number> {
  const allowed = `an integer with ${TIME_HINT} (${unit} when there is none), at most ${max === TIME_MAX_MS ? '24.8 days' : formatTime(max)}`;
  const exact = single(label, allowed, (text) => {
    const time = parseTime(withoutTail(text), unit);
    return 'ms' in time && time.ms <= max ? time.ms : undefined;
  });
  return {
    ...exact,
    read(cursor, keyword) {
      const at = cursor.words[cursor.position] as Word;
      const value = exact.read(cursor, keyword);
      const known = withoutTail(at.text);
      if (value !== REFUSED && known !== at.text) {
        const text = `unexpected '${at.text.slice(known.length)}' after the time '${known}' is ignored.`;
        cursor.alerts.warning(text, at, `Units: ${TIME_HINT}.`);
      }
      return value;
    },
  };
}

/** The same, or the word `infinite`, which is <forever>. */
export function timeOrForever(label: string, forever: number): Argument<number> {
  const bounded = time(label);
  return {
    ...bounded,
    read(cursor, keyword) {
      if (cursor.words[cursor.position]?.text !== 'infinite') return bounded.read(cursor, keyword);
      cursor.position++;
      return forever;
    },
  };
}

/** HAProxy still reads `10min` as `10m`, with a warning. */
function withoutTail(text: string): string {
  return /^[0-9]+(?:us|ms|s|m|h|d)/.exec(text)?.[0] ?? text;
}

/** Bytes: an integer with or without k, m or g. */
export function size(label = '<size>'): Argument<number> {
  return single(label, 'bytes, or an integer with k, m or g', parseSize);
}

/** An IPv4 or IPv6 address, as text in its shortest form. */
export function address(label = '<address>'): Argument<string> {
  return single(label, 'an IPv4 or IPv6 address', (text) => parseAddress(text)?.toString());
}

/** One of these words. */
export function oneOf<const Names extends readonly string[]>(...names: Names): Argument<Names[number]> {
  return {
    label: `{ ${names.join(' | ')} }`,
    isOptional: false,
    read(cursor, keyword) {
      const at = cursor.words[cursor.position] as Word;
      cursor.position++;
      if (names.includes(at.text)) return at.text;
      const meant = didYouMean(at.text, names);
      cursor.alerts.alert(
        `'${keyword}' does not know '${at.text}'${meant}`,
        at,
        `Allowed: ${names.join(', ')}.`,
      );
      return REFUSED;
    },
  };
}

/** `on` or `off`. */
export function onOff(): Argument<boolean> {
  return single('{ on | off }', 'on, off', (text) =>
    text === 'on' ? true : text === 'off' ? false : undefined,
  );
}

/** All words that are left, at least one. */
export function words(label = '<arg>...'): Argument<readonly Word[]> {
  return {
    label,
    isOptional: false,
    takesRest: true,
    read(cursor) {
      const rest = cursor.words.slice(cursor.position);
      cursor.position = cursor.words.length;
      return rest;
    },
  };
}

/** What follows is read by the keyword itself, from the cursor: rules, conditions, lists of options. */
export function custom(label: string): Argument<WordCursor> {
  return { label, isOptional: false, takesRest: true, read: (cursor) => cursor };
}

/** The same where nothing may follow at all. */
export function customOrNothing(label: string): Argument<WordCursor> {
  return { ...custom(label), mayBeEmpty: true };
}

/** The same, or nothing when the line ends before it. */
export function optional<T>(argument: Argument<T>): Argument<T | undefined> {
  return { ...argument, label: `[${argument.label}]`, isOptional: true };
}
