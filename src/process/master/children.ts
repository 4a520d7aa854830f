/** The ends of child processes, by number alone: children that another program of this process started are as good as our own. Owns
 * the list of those that are waited for.
 */
import type { Addon } from '../../native/addon.ts';

/** A signal may get lost when the program is replaced: ends are looked for this often, too. The timer also keeps the process alive. */
const LOOK_MS = 1000;
const RUNS = -1;

export class Children {
  private readonly addon: Addon;
  private readonly waiting = new Map<number, (status: number) => void>();

  constructor(addon: Addon) {
    this.addon = addon;
    process.on('SIGCHLD', () => this.look());
    setInterval(() => this.look(), LOOK_MS);
  }

  /** <onEnd> gets the code, or 128 + the signal; -2 when <pid> was no child of this process. */
  watch(pid: number, onEnd: (status: number) => void): void {
    this.waiting.set(pid, onEnd);
  }

  look(): void {
    for (const [pid, onEnd] of this.waiting) {
      const status = this.addon.childWait(pid);
      if (status === RUNS) continue;
      this.waiting.delete(pid);
      onEnd(status);
    }
  }
}
