/** `-sf` and `-st`: processes that this one replaces. They are told to go when it serves, or earlier when they hold a port that it needs.
 */

export class OldProcesses {
  private readonly softPids: readonly number[];
  private readonly hardPids: readonly number[];
  private isTold = false;

  constructor(softPids: readonly number[], hardPids: readonly number[]) {
    this.softPids = softPids;
    this.hardPids = hardPids;
  }

  get exist(): boolean {
    return this.softPids.length + this.hardPids.length > 0;
  }

  /** Tells them once: to finish what they do, or to end. */
  tell(): void {
    if (this.isTold) return;
    this.isTold = true;
    for (const pid of this.softPids) signal(pid, 'SIGUSR1');
    for (const pid of this.hardPids) signal(pid, 'SIGTERM');
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It is gone already.
  }
}
