/** State that outlives a worker: entries of named, versioned sections, as they travel from a worker to the master and from the master
 * to the next worker. Either side treats them as a stranger's: the other one may be of another version. Nothing here knows what a
 * section means.
 */

export interface StateEntry {
  readonly section: string;
  /** Of the section's format. A reader that does not know it skips the entry. */
  readonly version: number;
  readonly key: string;
  readonly value: unknown;
}

/** Characters of a section's name, of a key, and of a value written as JSON. */
export const SECTION_MAX_CHARS = 64;
export const KEY_MAX_CHARS = 1024;
export const VALUE_MAX_CHARS = 16_384;
/** Entries of one state. */
export const ENTRIES_MAX = 262_144;
const VERSION_MAX = 0xffff;

export type Fields = Readonly<Record<string, unknown>>;

/** The fields of <value>, none when it has none. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

export function isIntegerIn(value: unknown, least: number, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}

/** <value> as an entry, or undefined when it is none. */
export function readEntry(value: unknown): StateEntry | undefined {
  const { section, version, key, value: inner } = fieldsOf(value);
  if (typeof section !== 'string' || section.length > SECTION_MAX_CHARS) return undefined;
  if (!isIntegerIn(version, 1, VERSION_MAX)) return undefined;
  if (typeof key !== 'string' || key.length > KEY_MAX_CHARS || inner === undefined) return undefined;
  return JSON.stringify(inner).length > VALUE_MAX_CHARS ? undefined : { section, version, key, value: inner };
}

/** What a worker said, kept by whoever outlives it: the last word on each key. */
export class StateStore {
  private readonly entries = new Map<string, { readonly entry: StateEntry; readonly round: number }>();
  private round = 0;

  /** Takes one entry; null as its value forgets what is known. False: it was refused. */
  take(value: unknown): boolean {
    const entry = readEntry(value);
    if (entry === undefined) return false;
    const name = `${entry.section} ${entry.key}`;
    if (entry.value === null) {
      this.entries.delete(name);
      return true;
    }
    if (!this.entries.has(name) && this.entries.size >= ENTRIES_MAX) return false;
    this.entries.set(name, { entry, round: this.round });
    return true;
  }

  /** Somebody else speaks from now on. What is known stays until he has said everything. */
  renew(): void {
    this.round++;
  }

  /** He has: what he did not say is no more. */
  settle(): void {
    for (const [name, { round }] of this.entries) if (round < this.round) this.entries.delete(name);
  }

  get size(): number {
    return this.entries.size;
  }

  *all(): Generator<StateEntry> {
    for (const { entry } of this.entries.values()) yield entry;
  }
}
