/** What a reading of the configuration has to say, collected in the order of the files. One MessageLog belongs to one reading;
 * its messages are plain data, so that threads may hand them over.
 */
import type { Alerts, Place, Word } from './place.ts';

export type Severity = 'alert' | 'warning' | 'notice' | 'diag';

export interface Message {
  readonly severity: Severity;
  readonly text: string;
  readonly place: Place | undefined;
  /** The line itself and where in it the word stands; column -1: no word in particular. */
  readonly source: string;
  readonly column: number;
  /** What to do about it; '' when the text says it all. */
  readonly advice: string;
}

/** Reading a file ends after so many alerts. */
export const FILE_ALERTS_MAX = 50;

export class MessageLog {
  readonly messages: Message[] = [];
  alertCount = 0;
  warningCount = 0;

  add(severity: Severity, text: string, place?: Place, source = '', column = -1, advice = ''): void {
    if (severity === 'alert') this.alertCount++;
    if (severity === 'warning') this.warningCount++;
    this.messages.push({ severity, text, place, source, column, advice });
  }

  /** Alerts that know their line. */
  forLine(place: Place, source: string): LineAlerts {
    return new LineAlerts(this, place, source);
  }

  /** True when an alert was given about <file>. */
  hasAlertsIn(file: string): boolean {
    return this.messages.some((message) => message.severity === 'alert' && message.place?.file === file);
  }
}

export class LineAlerts implements Alerts {
  private readonly log: MessageLog;
  readonly place: Place;
  readonly source: string;

  constructor(log: MessageLog, place: Place, source: string) {
    this.log = log;
    this.place = place;
    this.source = source;
  }

  private say(severity: Severity, text: string, at: Word | undefined, advice: string | undefined): void {
    this.log.add(severity, text, this.place, this.source, at?.column ?? -1, advice ?? '');
  }

  alert(message: string, at?: Word, advice?: string): void {
    this.say('alert', message, at, advice);
  }

  warning(message: string, at?: Word, advice?: string): void {
    this.say('warning', message, at, advice);
  }

  notice(message: string, at?: Word, advice?: string): void {
    this.say('notice', message, at, advice);
  }

  diag(message: string, at?: Word, advice?: string): void {
    this.say('diag', message, at, advice);
  }
}
