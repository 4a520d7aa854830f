/** How the findings of a post-mortem are written: numbers, addresses, names of signals, the words of record.h. Pure.
 */
import { constants } from 'node:os';
import * as layout from './record-layout.ts';

/** Some have two names: the one that is listed first is the one in use, SIGABRT before SIGIOT. */
const SIGNALS = new Map(
  Object.entries(constants.signals)
    .reverse()
    .map(([name, number]) => [number, name]),
);

export function signalName(number: number): string {
  return SIGNALS.get(number) ?? `signal ${number}`;
}

/** 1,048,576 */
export function grouped(value: number): string {
  return Math.trunc(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');
}

/** The word of record.h for <value>: wordOf('RECORD_ST_', 5) is `send`. */
export function wordOf(prefix: string, value: number): string {
  const found = Object.entries(layout).find(([name, number]) => name.startsWith(prefix) && number === value);
  return found === undefined
    ? String(value)
    : found[0].slice(prefix.length).toLowerCase().replaceAll('_', ' ');
}

/** What came from the wire: one line, whatever is in it. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** Of a sockaddr; `-` when there is none. */
export function addressText(bytes: readonly number[], length: number): string {
  const family = length < 2 ? 0 : (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8);
  const port = ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0);
  if (family === 2) return `${bytes.slice(4, 8).join('.')}:${port}`;
  if (family !== 10) return '-';
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[8 + 2 * i] ?? 0) << 8) | (bytes[9 + 2 * i] ?? 0)).toString(16),
  );
  return `[${groups.join(':')}]:${port}`;
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(3)} s`;
}

export function hexOf(bytes: readonly number[], length: number): string {
  return Buffer.from(bytes.slice(0, Math.max(0, length))).toString('hex');
}

/** The last instant that a Date can say. */
const TIME_MAX_MS = 8.64e15;

/** A wall clock time; empty when it is none. */
export function timeText(ms: number): string {
  return ms > 0 && ms <= TIME_MAX_MS ? new Date(ms).toISOString().replace('T', ' ') : '';
}
