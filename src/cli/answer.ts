/** What commands answer with: raw text, messages with a severity, pieces of a long listing, or a promise of one of them.
 */

/** syslog levels of messages; `set severity-output` shows them. */
export const SEVERITY_ERROR = 3;
export const SEVERITY_WARNING = 4;
export const SEVERITY_NOTICE = 5;
export const SEVERITY_INFO = 6;

const SEVERITY_NAMES = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'] as const;

/** A sentence for the client, as opposed to a listing. */
export class Message {
  readonly severity: number;
  readonly text: string;

  constructor(severity: number, text: string) {
    this.severity = severity;
    this.text = text;
  }
}

/** Each answer ends with an empty line, which the session adds. A listing is made only as fast as the client reads it. */
export type SettledAnswer = string | Message | Iterable<string>;
export type Answer = SettledAnswer | Promise<SettledAnswer>;

export type SeverityOutput = 'none' | 'number' | 'string';

/** What went wrong. */
export function fail(text: string): Message {
  return new Message(SEVERITY_ERROR, text);
}

export function say(text: string): Message {
  return new Message(SEVERITY_INFO, text);
}

/** A message as it is sent: with its severity when that is asked for, and exactly one line end. */
export function messageText(message: Message, output: SeverityOutput): string {
  const text = `${message.text.replace(/\n+$/, '')}\n`;
  if (output === 'none') return text;
  return `[${output === 'number' ? message.severity : SEVERITY_NAMES[message.severity]}]: ${text}`;
}

/** The integer that <text> begins with, as C's atoi: 0 when there is none. Values beyond 32 bits are kept at the limit. */
export function leadingInteger(text: string | undefined): number {
  const match = /^[ \t]*([+-]?\d{1,15})/.exec(text ?? '');
  return match === null ? 0 : Math.min(Math.max(Number(match[1]), -0x8000_0000), 0x7fff_ffff);
}
