/** What the process says on stderr: HAProxy's form, quiet with -q. One writer for alerts of the start, messages of checks and of
 * the stop; kept for `show startup-logs`. The main thread owns it.
 */
import { writeSync } from 'node:fs';
import type { Severity } from '../config/messages.ts';
import { renderNote } from '../config/render.ts';

/** Bytes of messages kept for `show startup-logs`; what comes later is only printed. */
export const STARTUP_LOG_MAX_BYTES = 65536;

export class Speaker {
  private isQuiet = false;
  /** Nothing at all is written: somebody else has said it. */
  isSilent = false;
  /** Messages of the start, for `show startup-logs`. */
  startupLog = '';
  private isStarting = true;
  warningCount = 0;

  begin(isQuiet: boolean): void {
    this.isQuiet = isQuiet;
  }

  /** Messages that are rendered already; the caller knows about -q. */
  show(text: string): void {
    this.keep(text);
    if (!this.isSilent) writeDescriptor(2, text);
  }

  /** The start is over: what is said from now on is no part of its log. */
  endOfStart(): void {
    this.isStarting = false;
    this.isSilent = false;
  }

  alert(text: string): void {
    this.say('alert', text);
  }

  warning(text: string): void {
    this.warningCount++;
    this.say('warning', text);
  }

  notice(text: string): void {
    this.say('notice', text);
  }

  /** As it is, whether quiet or not. */
  print(text: string): void {
    writeDescriptor(2, text);
  }

  private say(severity: Severity, text: string): void {
    const line = renderNote(severity, text, process.pid);
    this.keep(line);
    if (!this.isQuiet && !this.isSilent) writeDescriptor(2, line);
  }

  private keep(text: string): void {
    if (this.isStarting && this.startupLog.length + text.length <= STARTUP_LOG_MAX_BYTES)
      this.startupLog += text;
  }
}

/** Writes latin1 <text> as far as the descriptor takes it: a closed or full stderr must not stop a proxy. */
export function writeDescriptor(descriptor: number, text: string): void {
  const bytes = Buffer.from(text, 'latin1');
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
  } catch {
    // EAGAIN, EPIPE: nobody reads.
  }
}
