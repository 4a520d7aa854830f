/** A keyword in one place: its name, where it may stand, its arguments and what it does. Families export tables of keywords; a
 * section is an index over tables. The engine here finds the keyword of a line, reads its arguments and says what is wrong
 * with a line that has none.
 */
import { type Argument, REFUSED, type Values } from './argument.ts';
import { isKnownElsewhere } from './known-elsewhere.ts';
import type { Line, Modifier } from './lines.ts';
import { didYouMean } from './nearest.ts';
import type { Word, WordCursor } from './place.ts';

/** What a keyword's `parse` is told besides its arguments. <Target> is the section's own: the proxy, the global settings. */
export interface Statement<Target> {
  readonly target: Target;
  readonly cursor: WordCursor;
  readonly modifier: Modifier;
  /** The keyword as it was written. */
  readonly name: string;
}

export interface Keyword<Target> {
  readonly name: string;
  /** `<a> [<b>]`, made of the labels. */
  readonly usage: string;
  /** What the section's owner wants to know of it (frontend or backend, refused in defaults…). */
  readonly traits: Readonly<Record<string, unknown>>;
  run(statement: Statement<Target>): void;
}

export interface Declaration<Target, Args extends readonly Argument<unknown>[]> {
  readonly name: string;
  readonly args: Args;
  readonly traits?: Readonly<Record<string, unknown>>;
  parse(statement: Statement<Target>, ...values: Values<Args>): void;
}

/** `<a> [<b>]`: the labels of <args>. */
function usageOf(args: readonly Argument<unknown>[]): string {
  return args.map((argument) => argument.label).join(' ');
}

/** Makes a keyword of its declaration; the types of <parse> follow from <args>. */
export function keyword<Target, const Args extends readonly Argument<unknown>[]>(
  declaration: Declaration<Target, Args>,
): Keyword<Target> {
  return {
    name: declaration.name,
    usage: usageOf(declaration.args),
    traits: declaration.traits ?? {},
    run(statement) {
      const values = readValues(declaration.name, declaration.args, statement.cursor);
      if (values !== undefined) declaration.parse(statement, ...(values as Values<Args>));
    },
  };
}

/** Reads declared arguments; undefined when an alert was given. Also for options inside a line (bind, server). */
export function readValues(
  name: string,
  args: readonly Argument<unknown>[],
  cursor: WordCursor,
  mayFollow = false,
): unknown[] | undefined {
  const values: unknown[] = [];
  for (const argument of args) {
    if (cursor.position >= cursor.words.length && argument.mayBeEmpty !== true) {
      if (argument.isOptional) {
        values.push(undefined);
        continue;
      }
      const last = cursor.words.at(-1) as Word;
      const after = { text: '', column: last.column + last.text.length + 1 };
      cursor.alerts.alert(
        `'${name}' expects ${argument.label}, but the line ends here.`,
        after,
        `Write: ${name} ${usageOf(args)}`,
      );
      return undefined;
    }
    const value = argument.read(cursor, name);
    if (value === REFUSED) return undefined;
    values.push(value);
  }
  if (mayFollow || args.at(-1)?.takesRest === true) return values;
  return expectEnd(cursor, name, usageOf(args)) ? values : undefined;
}

/** Refuses words that are left over. */
export function expectEnd(cursor: WordCursor, name: string, usage: string): boolean {
  const extra = cursor.words[cursor.position];
  if (extra === undefined) return true;
  const advice = usage === '' ? `'${name}' takes no argument.` : `Write: ${name} ${usage}`;
  cursor.alerts.alert(`'${name}' cannot handle unexpected argument '${extra.text}'.`, extra, advice);
  return false;
}

/** Another kind of section, where a misplaced keyword may belong. */
interface Home {
  readonly index: { firstWords(): Set<string> };
  readonly called: string;
}

/** The keywords of one kind of section, by their first word. */
export class KeywordIndex<Target> {
  readonly keywords: readonly Keyword<Target>[];
  private readonly byName = new Map<string, Keyword<Target>>();
  /** First words that do not stand alone: `timeout`, `option`. */
  private readonly families = new Map<string, string[]>();

  constructor(tables: readonly (readonly Keyword<Target>[])[]) {
    this.keywords = tables.flat();
    for (const entry of this.keywords) {
      this.byName.set(entry.name, entry);
      const space = entry.name.indexOf(' ');
      if (space < 0 || entry.traits['isObsolete'] === true) continue;
      const first = entry.name.slice(0, space);
      const family = this.families.get(first);
      if (family === undefined) this.families.set(first, [entry.name.slice(space + 1)]);
      else family.push(entry.name.slice(space + 1));
    }
  }

  get names(): Iterable<string> {
    return this.byName.keys();
  }

  /** The words that lines may begin with; those that are only kept for old configurations are left out. */
  firstWords(): Set<string> {
    const current = this.keywords.filter((entry) => entry.traits['isObsolete'] !== true);
    return new Set(current.map((entry) => entry.name.split(' ')[0] as string));
  }

  /** The keyword that <cursor> stands on, its words taken. */
  find(cursor: WordCursor): Keyword<Target> | undefined {
    const { words, position } = cursor;
    const first = words[position]?.text ?? '';
    if (this.families.has(first)) {
      let name = first;
      const longest = Math.min(words.length, position + 3);
      for (let end = position + 1; end < longest; end++) name += ` ${words[end]?.text}`;
      for (let count = longest - position; count > 1; count--) {
        const found = this.byName.get(name);
        if (found !== undefined) {
          cursor.position = position + count;
          return found;
        }
        name = name.slice(0, name.lastIndexOf(' '));
      }
    }
    const found = this.byName.get(first);
    if (found !== undefined) cursor.position = position + 1;
    return found;
  }

  /** Says why nothing was found: known elsewhere (a notice), a slip of a known word, or nothing known. */
  explain(line: Line, section: string, other: Home): void {
    const { cursor, alerts } = line;
    const first = cursor.words[0] as Word;
    const second = cursor.words[1];
    const family = this.families.get(first.text);
    const isFamilyAlone = family !== undefined && second === undefined;
    if (!isFamilyAlone && isKnownElsewhere(section, first.text, second?.text)) {
      const name = family !== undefined && second !== undefined ? `${first.text} ${second.text}` : first.text;
      alerts.notice(
        `'${name}' is known to HAProxy but not built yet in Sluice; ignored.`,
        family ? second : first,
      );
    } else if (isFamilyAlone) {
      const advice = `Write one of: ${family.join(', ')}.`;
      alerts.alert(`'${first.text}' expects a keyword after it, but the line ends here.`, first, advice);
    } else if (family !== undefined && second !== undefined) {
      const meant = didYouMean(
        second.text,
        family.map((name) => name.split(' ')[0] as string),
      );
      const advice = meant === '' ? `'${first.text}' knows here: ${family.join(', ')}.` : '';
      alerts.alert(
        `unknown keyword '${first.text} ${second.text}' in '${section}' section${meant}`,
        second,
        advice,
      );
    } else {
      const firstWords = this.firstWords();
      const isAtHomeThere = other.index.firstWords().has(first.text);
      const meant = isAtHomeThere ? '' : didYouMean(first.text, firstWords);
      const known = `Known in this section: ${[...firstWords].sort().join(', ')}.`;
      const move = `'${first.text}' is a keyword of ${other.called}.`;
      const advice = isAtHomeThere ? move : meant === '' ? known : '';
      alerts.alert(`unknown keyword '${first.text}' in '${section}' section${meant}`, first, advice);
    }
  }
}
