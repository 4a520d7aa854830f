/** `-sf` and `-st`: processes that this one replaces. They are told to go when it serves; while it starts they may be asked to let go
 * of a port, and are told to go on when it fails.
 */
import { readFileSync } from 'node:fs';

/** Real and saved user of a process, who may signal it. */
function usersOf(pid: number): number[] {
  let text = '';
  try {
    text = readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
    return [];
  }
  const [, real, saved] = /^Uid:\s+(\d+)\s+\d+\s+(\d+)/m.exec(text) ?? [];
  return [Number(real), Number(saved)];
}

export class OldProcesses {
  private readonly softPids: readonly number[];
  private readonly hardPids: readonly number[];
  private isTold = false;
  private isPaused = false;

  constructor(softPids: readonly number[], hardPids: readonly number[]) {
    this.softPids = softPids;
    this.hardPids = hardPids;
  }

  get exist(): boolean {
    return this.softPids.length + this.hardPids.length > 0;
  }

  includes(pid: number): boolean {
    return this.softPids.includes(pid) || this.hardPids.includes(pid);
  }

  /** Asks them once to let go of their ports. */
  pause(): void {
    if (this.isPaused) return;
    this.isPaused = true;
    this.tellAll('SIGTTOU');
  }

  /** The start failed: they listen again. */
  resume(): void {
    if (!this.isPaused || this.isTold) return;
    this.isPaused = false;
    this.tellAll('SIGTTIN');
  }

  /** Tells them once: to finish what they do, or to end. */
  tell(): void {
    if (this.isTold) return;
    this.isTold = true;
    for (const pid of this.softPids) signal(pid, 'SIGUSR1');
    for (const pid of this.hardPids) signal(pid, 'SIGTERM');
  }

  /** Those that we may not signal any more once we are <uid> are told at once; undefined = we stay who we are. */
  tellForeign(uid: number | undefined): void {
    if (uid === undefined || uid === 0 || this.isTold) return;
    const isForeign = (pid: number) => !usersOf(pid).includes(uid);
    for (const pid of this.softPids.filter(isForeign)) signal(pid, 'SIGUSR1');
    for (const pid of this.hardPids.filter(isForeign)) signal(pid, 'SIGTERM');
  }

  private tellAll(name: NodeJS.Signals): void {
    for (const pid of [...this.softPids, ...this.hardPids]) signal(pid, name);
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It is gone already.
  }
}
