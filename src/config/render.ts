/** Messages as a person reads them: HAProxy's first line, then the line of the file with a caret, then what to do. */
import type { Message, Severity } from './messages.ts';

const TAGS: Readonly<Record<Severity, string>> = {
  alert: '[ALERT]   ',
  warning: '[WARNING] ',
  notice: '[NOTICE]  ',
  diag: '[DIAG]    ',
};

/** A longer line is shown from here around its caret. */
const SOURCE_COLUMNS_MAX = 110;

/** Bytes that a terminal would obey are shown as `?` (C1 controls too, bare or as UTF-8), tabs as one space so that carets stand
 * right. Other bytes are left as they are: a configuration in UTF-8 stays readable. */
function printable(text: string): string {
  return text
    .replace(/\t/g, ' ')
    .replace(/\u2026/g, '...')
    .replace(/\xc2[\x80-\x9f]/g, '??')
    .replace(/(?<![\x80-\xff])[\x80-\x9f]/g, '?')
    .replace(/[^\x20-\x7e\x80-\xff]/g, '?');
}

/** Columns that <bytes> take on a terminal: bytes that continue a UTF-8 character take none. */
function width(bytes: string): number {
  return bytes.replace(/(?<=[\x80-\xff])[\x80-\xbf]/g, '').length;
}

function tagged(severity: Severity, pid: number, text: string): string {
  return `${TAGS[severity]} (${pid}) : ${text}\n`;
}

/** The line under the message: cut around the caret when long. */
function sourceLines(message: Message): string {
  const line = printable(message.source.trimEnd());
  const indent = line.length - line.trimStart().length;
  if (message.column < 0 || message.column > message.source.length + 1) {
    return line === '' ? '' : `   |   ${line.slice(indent, indent + SOURCE_COLUMNS_MAX)}\n`;
  }
  const from = Math.max(indent, message.column - SOURCE_COLUMNS_MAX + 30);
  const shown = line.slice(from, from + SOURCE_COLUMNS_MAX);
  return `   |   ${shown}\n   |   ${' '.repeat(width(line.slice(from, message.column).padEnd(message.column - from)))}^\n`;
}

/** <said> holds advice that was printed already: it is not repeated. */
export function renderMessage(message: Message, pid: number, said?: Set<string>): string {
  const { severity, place } = message;
  const advice = said?.has(message.advice) ? '' : message.advice;
  said?.add(message.advice);
  const body = message.text.split('\n').map(printable).join('\n   | ');
  if (place === undefined) return tagged(severity, pid, body) + adviceLines(advice);
  const head = tagged(severity, pid, `config : parsing [${printable(place.file)}:${place.line}] : ${body}`);
  return head + sourceLines(message) + adviceLines(advice);
}

function adviceLines(advice: string): string {
  if (advice === '') return '';
  return wrap(printable(advice), SOURCE_COLUMNS_MAX)
    .map((line) => `   | ${line}\n`)
    .join('');
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines;
}

export interface RenderOptions {
  readonly pid: number;
  /** Diagnostic messages are only shown with -dD. */
  readonly diagnostics: boolean;
  /** What runs: said once, before the first alert or warning. */
  readonly version: string;
  readonly executable: string;
}

/** Everything a reading said, and what follows from it. */
export function renderMessages(messages: readonly Message[], options: RenderOptions): string {
  const shown = messages.filter((message) => message.severity !== 'diag' || options.diagnostics);
  const said = new Set<string>();
  const lines = shown.map((message) => renderMessage(message, options.pid, said));
  const alerts = messages.filter((message) => message.severity === 'alert');
  const files = new Set(
    alerts.flatMap((message) => (message.place === undefined ? [] : [message.place.file])),
  );
  for (const file of files) {
    lines.push(
      tagged('alert', options.pid, `config : Error(s) found in configuration file : ${printable(file)}`),
    );
  }
  if (alerts.length > 0)
    lines.push(tagged('alert', options.pid, 'config : Fatal errors found in configuration.'));
  if (shown.length === 0) return '';
  return preamble(options) + lines.join('');
}

/** Who speaks: before the first message of a start. */
export function preamble(options: RenderOptions): string {
  return (
    tagged('notice', options.pid, `sluice version is ${options.version}`) +
    tagged('notice', options.pid, `path to executable is ${options.executable}`)
  );
}

/** One line of the process itself, without a place in the configuration. */
export function renderNote(severity: Severity, text: string, pid: number): string {
  return tagged(severity, pid, printable(text));
}
