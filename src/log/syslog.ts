/** Hot path. The header of a log line on its way to a target: priority, date, host, tag, as each format has them. Everything but the date
 * is fixed for a `log` line and made once; the date's text is shared by all lines of a second.
 *
 * See also: configuration.txt, `log`; RFC 3164, RFC 5424.
 */
import type { Engine } from '../model/boundary.ts';
import type { Configuration } from '../model/configuration.ts';
import type { LogLine, Proxy } from '../model/proxy.ts';
import { countLine } from './aliases.ts';
import { isoDate, syslogDate } from './dates.ts';

/** Levels and facilities by their number (RFC 5424 section 6.2.1): the parser of `log` lines reads the same lists. */
export const LOG_LEVELS = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'] as const;

export const LOG_FACILITIES = [
  'kern',
  'user',
  'mail',
  'daemon',
  'auth',
  'syslog',
  'lpr',
  'news',
  'uucp',
  'cron',
  'auth2',
  'ftp',
  'ntp',
  'audit',
  'alert',
  'cron2',
  'local0',
  'local1',
  'local2',
  'local3',
  'local4',
  'local5',
  'local6',
  'local7',
] as const;

/** The parts of a header around its date. */
interface Parts {
  /** By level: what stands before the date, or the whole header when there is no date. */
  readonly before: readonly string[];
  readonly date: 'none' | 'syslog' | 'iso';
  readonly after: string;
}

/** A header, and its text for one level as it was in the last second. */
interface Header extends Parts {
  seconds: number;
  level: number;
  text: string;
}

/** By level; made once for each `log` line of the configuration. */
function priorities(facility: number): string[] {
  return LOG_LEVELS.map((_, level) => `<${facility * 8 + level}>`);
}

const NO_PRIORITY = LOG_LEVELS.map(() => '');

/** Made once for each `log` line of the configuration and tag. */
function partsOf(line: LogLine, tag: string, host: string | undefined): Parts {
  const format = line.format === 'default' ? (host === undefined ? 'local' : 'rfc3164') : line.format;
  const { pid } = process;
  switch (format) {
    case 'local':
      return { before: priorities(line.facility), date: 'syslog', after: ` ${tag}[${pid}]: ` };
    case 'rfc3164': {
      const after = ` ${host ?? 'localhost'} ${tag}[${pid}]: `;
      return { before: priorities(line.facility), date: 'syslog', after };
    }
    case 'rfc5424': {
      const before = priorities(line.facility).map((priority) => `${priority}1 `);
      return { before, date: 'iso', after: ` ${host ?? '-'} ${tag} ${pid} - - ` };
    }
    case 'priority':
      return { before: priorities(line.facility), date: 'none', after: '' };
    case 'short':
      return { before: priorities(0), date: 'none', after: '' };
    case 'timed':
      return { before: priorities(0), date: 'iso', after: ' ' };
    case 'iso':
      return { before: NO_PRIORITY, date: 'iso', after: ' ' };
    default:
      return { before: NO_PRIORITY, date: 'none', after: '' };
  }
}

/** Made once for each `log` line of the configuration and tag. */
function makeHeader(line: LogLine, tag: string, host: string | undefined): Header {
  return { ...partsOf(line, tag, host), seconds: -1, level: -1, text: '' };
}

/** Microseconds of the wall clock's second, six digits. */
function micros(nowMs: number): string {
  const fraction = Math.floor((nowMs % 1000) * 1000);
  return String(fraction).padStart(6, '0');
}

function isoWithMicros(nowMs: number): string {
  const text = isoDate(Math.floor(nowMs / 1000));
  return `${text.slice(0, 19)}.${micros(nowMs)}${text.slice(19)}`;
}

function headerText(header: Header, level: number, seconds: number): string {
  if (header.date === 'iso') {
    const date = isoWithMicros(performance.timeOrigin + performance.now());
    return header.before[level] + date + header.after;
  }
  if (header.seconds !== seconds || header.level !== level) {
    const date = header.date === 'syslog' ? syslogDate(seconds) : '';
    header.text = header.before[level] + date + header.after;
    header.seconds = seconds;
    header.level = level;
  }
  return header.text;
}

/** Sends lines to targets. One per thread: headers are kept per `log` line and proxy. */
export class LogWriter {
  private readonly headers = new Map<LogLine, Map<string, Header>>();
  private readonly tag: string;
  private readonly host: string | undefined;
  private lastLine: LogLine | undefined;
  private lastTag = '';
  private lastHeader: Header | undefined;
  private clockMs = -1;
  private seconds = 0;

  constructor(configuration: Configuration) {
    this.tag = configuration.global.logTag;
    this.host = configuration.global.logSendHostname;
  }

  /** <level> as logged: a line's `minLevel` has been applied. */
  write(engine: Engine, line: LogLine, level: number, text: string, proxy: Proxy | undefined): void {
    if (text === '') return;
    if (proxy?.logs[0] === line) countLine(proxy);
    engine.log(line.target, this.format(line, level, text, proxy?.logTag, this.secondsAt(engine.nowMs)));
  }

  /** The line with its header, cut so that with the final line feed it has at most `len` bytes. */
  format(line: LogLine, level: number, text: string, tag: string | undefined, seconds: number): string {
    const out = headerText(this.headerOf(line, tag ?? this.tag), level, seconds) + text;
    const most = line.maxLength - 1;
    return `${out.length > most ? out.substring(0, most) : out}\n`;
  }

  private headerOf(line: LogLine, tag: string): Header {
    if (this.lastLine === line && this.lastTag === tag) return this.lastHeader as Header;
    let ofLine = this.headers.get(line);
    if (ofLine === undefined) {
      ofLine = new Map();
      this.headers.set(line, ofLine);
    }
    let header = ofLine.get(tag);
    if (header === undefined) {
      header = makeHeader(line, tag, this.host);
      ofLine.set(tag, header);
    }
    this.lastLine = line;
    this.lastTag = tag;
    this.lastHeader = header;
    return header;
  }

  /** The wall clock's second, asked once per millisecond of the engine's turns. */
  private secondsAt(nowMs: number): number {
    if (this.clockMs !== nowMs) {
      this.clockMs = nowMs;
      this.seconds = Math.floor(Date.now() / 1000);
    }
    return this.seconds;
  }
}
