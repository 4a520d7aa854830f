/** What has changed in the state since the last look: found by comparing, in slices of time, so that ten thousand servers cost the main
 * thread no noticeable pause and the places that change something need not know that anybody listens.
 */
import type { StatsSource } from '../stats/source.ts';
import type { StateEntry } from './entries.ts';
import { exportState } from './state.ts';

function nameOf({ section, key }: StateEntry): string {
  return `${section} ${key}`;
}

export class StateWatch {
  private readonly source: StatsSource;
  private known = new Map<string, { readonly entry: StateEntry; readonly text: string }>();
  private pass: Generator<StateEntry> | undefined;
  private seen = new Set<string>();

  constructor(source: StatsSource) {
    this.source = source;
  }

  /** Looks on for <budgetMs> at most; returns what changed. An entry that is gone has the value null. */
  look(budgetMs: number): StateEntry[] {
    const until = performance.now() + budgetMs;
    const changed: StateEntry[] = [];
    this.pass ??= exportState(this.source);
    do {
      const next = this.pass.next();
      if (next.done === true) {
        this.endPass(changed);
        break;
      }
      this.compare(next.value, changed);
    } while (performance.now() < until);
    return changed;
  }

  /** Everything, now. */
  finish(): StateEntry[] {
    this.pass = undefined;
    this.seen = new Set();
    return this.look(Number.POSITIVE_INFINITY);
  }

  private compare(entry: StateEntry, changed: StateEntry[]): void {
    const name = nameOf(entry);
    const text = JSON.stringify(entry.value);
    this.seen.add(name);
    if (this.known.get(name)?.text === text) return;
    this.known.set(name, { entry, text });
    changed.push(entry);
  }

  private endPass(changed: StateEntry[]): void {
    for (const [name, { entry }] of this.known) {
      if (this.seen.has(name)) continue;
      this.known.delete(name);
      changed.push({ ...entry, value: null });
    }
    this.pass = undefined;
    this.seen = new Set();
  }
}
