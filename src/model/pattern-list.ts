/** Patterns of a file or of one acl, which the runtime API may change while requests are matched against them. Every thread has its own
 * copy, changed between two batches; whoever matches is told and builds its matcher anew when it next needs it.
 */

/** One that matches against a list. */
export interface PatternUser {
  /** Match method: `str`, `beg` … */
  readonly method: string;
  readonly isInsensitive: boolean;
  /** What is wrong with <text> as a pattern here; '' when nothing is. */
  fault(text: string): string;
  /** The first of <texts> that a sample spelled <sample> matches. */
  find(texts: readonly string[], sample: string): string | undefined;
  /** The patterns are others now. */
  changed(): void;
}

export interface PatternEntry {
  /** Number in its list, never used again. */
  readonly ref: number;
  readonly text: string;
}

export type PatternChange =
  | { readonly op: 'add'; readonly text: string }
  | { readonly op: 'remove'; readonly text: string }
  | { readonly op: 'remove-ref'; readonly ref: number }
  | { readonly op: 'set'; readonly texts: readonly string[] };

export class PatternList {
  /** What commands call it by: `#<id>`. */
  readonly id: number;
  /** '' for the patterns written in the acl itself. */
  readonly file: string;
  /** For `show acl`. */
  description: string;
  readonly users: PatternUser[] = [];
  entries: PatternEntry[] = [];
  private lastRef = 0;

  constructor(id: number, file: string, description: string, texts: readonly string[]) {
    this.id = id;
    this.file = file;
    this.description = description;
    this.fill(texts);
  }

  get texts(): string[] {
    return this.entries.map(({ text }) => text);
  }

  private fill(texts: readonly string[]): void {
    this.entries = texts.map((text) => ({ ref: ++this.lastRef, text }));
  }

  /** False: there was nothing to remove. */
  apply(change: PatternChange): boolean {
    const before = this.entries.length;
    if (change.op === 'add') this.entries.push({ ref: ++this.lastRef, text: change.text });
    else if (change.op === 'set') this.fill(change.texts);
    else if (change.op === 'remove') this.entries = this.entries.filter(({ text }) => text !== change.text);
    else this.entries = this.entries.filter(({ ref }) => ref !== change.ref);
    const isDone = change.op === 'add' || change.op === 'set' || this.entries.length < before;
    if (isDone) for (const user of this.users) user.changed();
    return isDone;
  }
}

/** All lists of a configuration, in the order of the file. A configuration may have tens of thousands: none is searched for. */
export class PatternLists {
  readonly all: PatternList[] = [];
  private readonly byId = new Map<number, PatternList>();
  private readonly byFile = new Map<string, PatternList>();

  /** Without <id>, or where that is taken, the next that is free. <file>: '' for patterns written in the acl itself. */
  add(file: string, description: string, texts: readonly string[], id = this.all.length): PatternList {
    let free = id;
    while (this.byId.has(free)) free++;
    const list = new PatternList(free, file, description, texts);
    this.all.push(list);
    this.byId.set(free, list);
    if (file !== '') this.byFile.set(file, list);
    return list;
  }

  /** What `#<id>` means. */
  withId(id: number): PatternList | undefined {
    return this.byId.get(id);
  }

  withFile(file: string): PatternList | undefined {
    return this.byFile.get(file);
  }
}
