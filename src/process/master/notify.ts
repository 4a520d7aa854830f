/** What a service supervisor hears (sd_notify(3)): datagrams to the socket that NOTIFY_SOCKET names, a path or an @abstract name.
 * Nothing is sent without one, and nobody waits for an answer.
 */
import type { Addon } from '../../native/addon.ts';

export class Notifier {
  private readonly addon: Addon;
  private readonly path: string;

  /** <path> is '' when nobody wants to hear. */
  constructor(addon: Addon, path: string) {
    this.addon = addon;
    this.path = path;
  }

  ready(status = 'Ready.'): void {
    this.send(['READY=1', `MAINPID=${process.pid}`, `STATUS=${status}`]);
  }

  /** systemd compares the time with its own clock, so it is taken here (Type=notify-reload). */
  reloading(): void {
    const now = process.hrtime.bigint() / 1000n;
    this.send(['RELOADING=1', `MONOTONIC_USEC=${now}`, 'STATUS=Reloading Configuration.']);
  }

  stopping(status: string): void {
    this.send(['STOPPING=1', `STATUS=${status}`]);
  }

  status(status: string): void {
    this.send([`STATUS=${status}`]);
  }

  private send(lines: readonly string[]): void {
    if (this.path !== '') this.addon.sendUnixDatagram(this.path, Buffer.from(`${lines.join('\n')}\n`));
  }
}
