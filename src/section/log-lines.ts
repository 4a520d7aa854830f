/** `log …` lines of `global` and of proxies: where log lines go, with which facility, levels, length and form. */
import { didYouMean } from '../config/nearest.ts';
import type { Word, WordCursor } from '../config/place.ts';
import { LOG_FACILITIES, LOG_LEVELS } from '../log/syslog.ts';
import type { LogLine, LogTarget } from '../model/proxy.ts';
import { type Endpoint, parseEndpoint } from './endpoint.ts';
import { logTargetIndex, type Reading } from './reading.ts';

const FORMATS = ['rfc3164', 'rfc5424', 'short', 'raw', 'iso', 'timed', 'priority', 'local'] as const;

/** A log line is cut at so many bytes unless `len` says otherwise. */
const LENGTH_DEFAULT_BYTES = 1024;
const LENGTH_MIN_BYTES = 80;
const LENGTH_MAX_BYTES = 65535;

const SYSLOG_PORT = 514;

const USAGE = 'log <address> [len <length>] [format <format>] <facility> [<max level> [<min level>]]';

interface Parts {
  maxLength: number;
  format: LogLine['format'] | undefined;
}

function targetOf(endpoint: Endpoint): LogTarget {
  const { kind, host, fd, source } = endpoint;
  if (kind === 'fd') return { kind: 'fd', host: '', port: 0, fd, source };
  if (kind === 'unix') return { kind: 'unix', host, port: 0, fd: -1, source };
  return {
    kind: 'udp',
    host: host === '' ? '0.0.0.0' : host,
    port: endpoint.port || SYSLOG_PORT,
    fd: -1,
    source,
  };
}

function parseTarget(cursor: WordCursor, reading: Reading): LogTarget | undefined {
  const at = cursor.words[cursor.position] as Word;
  const text = reading.variables.expand(cursor.next() as string);
  if (text === 'stdout' || text === 'stderr') {
    return { kind: 'fd', host: '', port: 0, fd: text === 'stdout' ? 1 : 2, source: text };
  }
  if (/^(ring|backend)@/.test(text)) {
    cursor.alerts.notice(`'log ${text}' is known to HAProxy but not built yet in Sluice; ignored.`, at);
    cursor.position = cursor.words.length;
    return undefined;
  }
  const endpoint = parseEndpoint(text, true);
  if ('error' in endpoint) {
    cursor.alerts.alert(`'log' : ${endpoint.error}`, at, endpoint.advice);
    return undefined;
  }
  if (!endpoint.isDatagram && endpoint.kind !== 'fd') {
    cursor.alerts.alert(
      `'log' : logs over streams are not built yet in '${text}'`,
      at,
      'Use UDP or a datagram socket.',
    );
    return undefined;
  }
  if (endpoint.portOffset !== 0 || endpoint.port !== endpoint.portEnd) {
    cursor.alerts.alert(
      `'log' : '${text}' is not one port.`,
      at,
      'Lines go to one port: <address>[:<port>].',
    );
    return undefined;
  }
  return targetOf(endpoint);
}

/** Reads `len`, `format`, `sample`, `profile`; false when an alert was given. */
function parseParts(cursor: WordCursor, parts: Parts): boolean {
  for (let name = cursor.peek(); name !== undefined; name = cursor.peek()) {
    if (!['len', 'format', 'sample', 'profile'].includes(name)) return true;
    const at = cursor.words[cursor.position] as Word;
    cursor.next();
    const valueAt = cursor.words[cursor.position];
    const value = cursor.next();
    if (value === undefined) {
      cursor.alerts.alert(`'log' : '${name}' expects a value.`, at, `Write: ${USAGE}`);
      return false;
    }
    if (name === 'len') {
      parts.maxLength = /^\d{1,6}$/.test(value) ? Number(value) : 0;
      if (parts.maxLength < LENGTH_MIN_BYTES || parts.maxLength > LENGTH_MAX_BYTES) {
        const allowed = `Allowed: ${LENGTH_MIN_BYTES} to ${LENGTH_MAX_BYTES}.`;
        cursor.alerts.alert(`'log' : invalid log length '${value}'.`, valueAt, allowed);
        return false;
      }
    } else if (name === 'format') {
      parts.format = FORMATS.find((format) => format === value);
      if (parts.format === undefined) {
        const message = `'log' : unknown log format '${value}'${didYouMean(value, FORMATS)}`;
        cursor.alerts.alert(message, valueAt, `Allowed: ${FORMATS.join(', ')}.`);
        return false;
      }
    } else {
      cursor.alerts.notice(`'log ... ${name}' is known to HAProxy but not built yet in Sluice; ignored.`, at);
    }
  }
  return true;
}

/** The column after the last word. */
function after(cursor: WordCursor): number {
  const last = cursor.words.at(-1) as Word;
  return last.column + last.text.length + 1;
}

function parseName(cursor: WordCursor, what: string, names: readonly string[]): number | undefined {
  const at = cursor.words[cursor.position] as Word;
  const text = cursor.next() as string;
  const index = names.indexOf(text);
  if (index >= 0) return index;
  const message = `'log' : unknown ${what} '${text}'${didYouMean(text, names)}`;
  cursor.alerts.alert(message, at, `Allowed: ${names.join(', ')}.`);
  return undefined;
}

/** Reads a log line after the word `log`; undefined when an alert was given (or the target is not built). */
export function parseLogLine(cursor: WordCursor, reading: Reading): LogLine | undefined {
  const target = parseTarget(cursor, reading);
  if (target === undefined) return undefined;
  const parts: Parts = { maxLength: LENGTH_DEFAULT_BYTES, format: undefined };
  if (!parseParts(cursor, parts)) return undefined;
  if (cursor.peek() === undefined) {
    const end = { text: '', column: after(cursor) };
    cursor.alerts.alert("'log' expects <address> and <facility> as arguments.", end, `Write: ${USAGE}`);
    return undefined;
  }
  const facility = parseName(cursor, 'log facility', LOG_FACILITIES);
  if (facility === undefined) return undefined;
  const maxLevel = cursor.peek() === undefined ? 7 : parseName(cursor, 'optional log level', LOG_LEVELS);
  const minLevel =
    cursor.peek() === undefined ? 0 : parseName(cursor, 'optional minimum log level', LOG_LEVELS);
  if (maxLevel === undefined || minLevel === undefined) return undefined;
  const extra = cursor.words[cursor.position];
  if (extra !== undefined) {
    cursor.alerts.alert(`'log' cannot handle unexpected argument '${extra.text}'.`, extra, `Write: ${USAGE}`);
    return undefined;
  }
  const format = parts.format ?? 'default';
  const index = logTargetIndex(reading.configuration, target);
  return { target: index, facility, maxLevel, minLevel, maxLength: parts.maxLength, format };
}
