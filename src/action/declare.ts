/** How an action is declared: its name, the rule sets it may stand in, and how its words become something to run. The words up to
 * `if` or `unless` are its own. `name(` in the keyword table means that arguments follow in parentheses.
 */
import type { Word, WordCursor } from '../model/place.ts';
import type { RuleContext } from '../model/rule-context.ts';
import type { Action, RuleSet } from '../model/rules.ts';
import type { Stream } from '../model/stream.ts';

export interface ActionLine {
  readonly ruleSet: RuleSet;
  readonly cursor: WordCursor;
  readonly ctx: RuleContext;
  /** The action's own word. */
  readonly word: Word;
  /** What stands between its parentheses; '' without. */
  readonly inner: string;
}

export interface ActionKeyword {
  readonly name: string;
  readonly from: readonly RuleSet[];
  /** What follows the name, for messages. */
  readonly usage: string;
  readonly takesParentheses: boolean;
  /** undefined: an alert was given. */
  parse(line: ActionLine): Action | undefined;
}

export function action(declaration: {
  readonly name: string;
  readonly from: readonly RuleSet[];
  readonly usage?: string;
  readonly takesParentheses?: boolean;
  readonly parse: (line: ActionLine) => ((stream: Stream) => number) | undefined;
}): ActionKeyword {
  return {
    name: declaration.name,
    from: declaration.from,
    usage: declaration.usage ?? '',
    takesParentheses: declaration.takesParentheses === true,
    parse(line) {
      const run = declaration.parse(line);
      return run === undefined ? undefined : { name: declaration.name, run };
    },
  };
}

/** True when the next word begins the condition, or there is none. */
export function atEnd(cursor: WordCursor): boolean {
  const next = cursor.peek();
  return next === undefined || next === 'if' || next === 'unless';
}

/** The next word, or an alert that says what is missing. */
export function takeWord(line: ActionLine, what: string): Word | undefined {
  const { cursor, ctx, word } = line;
  const next = cursor.words[cursor.position];
  if (next !== undefined && !atEnd(cursor)) {
    cursor.position++;
    return next;
  }
  const last = cursor.words.at(-1) as Word;
  const after = next ?? { text: '', column: last.column + last.text.length + 1 };
  ctx.alerts.alert(`'${line.ruleSet} ${word.text}' expects ${what}, but the rule ends here.`, after);
  return undefined;
}

export const HTTP_RULES: readonly RuleSet[] = ['http-request', 'http-response', 'http-after-response'];
export const TCP_RULES: readonly RuleSet[] = [
  'tcp-request connection',
  'tcp-request session',
  'tcp-request content',
  'tcp-response content',
];
export const ALL_RULES: readonly RuleSet[] = [...TCP_RULES, ...HTTP_RULES];
