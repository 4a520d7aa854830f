/** Conditions: `if a !b or { path /x }`. Alternatives separated by `or`, each a list of acls that must all hold, `!` before one
 * that must not. Compiled into a list of lists that is walked with early ends; the outcome has three values, because a test
 * on bytes that have not come yet is neither true nor false.
 *
 * See also: configuration.txt 7.2.
 */
import type { Word, WordCursor } from '../model/place.ts';
import type { RuleContext } from '../model/rule-context.ts';
import { CONDITION_FAIL, CONDITION_MAYBE, CONDITION_PASS, type Condition } from '../model/rules.ts';
import type { Stream } from '../model/stream.ts';
import { placeNames, placesHere } from '../sample/sources.ts';
import { type Acl, anonymousAcl, findAcl } from './acl.ts';

interface Term {
  readonly acl: Acl;
  readonly isNegated: boolean;
}

/** Terms that must all hold. */
type Suite = readonly Term[];

/** Reads from `if` or `unless` to the line's end; undefined when neither is next, or after an alert. */
export function parseCondition(cursor: WordCursor, ctx: RuleContext): Condition | undefined {
  const keyword = cursor.words[cursor.position];
  if (keyword === undefined || (keyword.text !== 'if' && keyword.text !== 'unless')) return undefined;
  const words = cursor.words.slice(cursor.position + 1);
  cursor.position = cursor.words.length;
  if (words.length === 0) {
    ctx.alerts.alert(`'${keyword.text}' expects a condition, but the line ends here.`, keyword);
    return undefined;
  }
  const suites = readSuites(words, ctx);
  if (suites === undefined) return undefined;
  warnUnusable(suites, keyword, ctx);
  const source = words.map((word) => word.text).join(' ');
  return new CompiledCondition(`${keyword.text} ${source}`, suites, keyword.text === 'unless');
}

function readSuites(words: readonly Word[], ctx: RuleContext): Suite[] | undefined {
  const suites: Term[][] = [];
  let suite: Term[] | undefined;
  let isNegated = false;
  let failed = false;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as Word;
    let name = word.text;
    while (name.startsWith('!')) {
      isNegated = !isNegated;
      name = name.slice(1);
    }
    if (name === '') continue;
    if (name === '||' || name.toLowerCase() === 'or') {
      suite = undefined;
      isNegated = false;
      continue;
    }
    let acl: Acl | undefined;
    if (name === '{') {
      const end = words.findIndex((candidate, i) => i > at && candidate.text === '}');
      if (end < 0) {
        ctx.alerts.alert(
          "missing closing '}' in condition.",
          word,
          'Braces are words of their own: { path_beg /api }.',
        );
        return undefined;
      }
      acl = anonymousAcl(words.slice(at + 1, end), ctx);
      at = end;
    } else acl = findAcl(word, name, ctx);
    if (acl === undefined) failed = true;
    else {
      if (suite === undefined) {
        suite = [];
        suites.push(suite);
      }
      suite.push({ acl, isNegated });
    }
    isNegated = false;
  }
  return failed ? undefined : suites;
}

/** A term that cannot be evaluated at this place never matches: said once per term, as a warning. */
function warnUnusable(suites: readonly Suite[], at: Word, ctx: RuleContext): void {
  const here = placesHere(ctx);
  for (const suite of suites) {
    for (const { acl } of suite) {
      if ((acl.places & here) !== 0) continue;
      const called = acl.name === '' ? 'anonymous acl' : `acl '${acl.name}'`;
      ctx.alerts.warning(
        `${called} will never match because it uses keyword '${acl.firstFetch}' which is incompatible with ` +
          `'${placeNames(here)}'`,
        at,
      );
    }
  }
}

class CompiledCondition implements Condition {
  readonly source: string;
  readonly readsBytes: boolean;
  private readonly suites: readonly Suite[];
  private readonly isUnless: boolean;

  constructor(source: string, suites: readonly Suite[], isUnless: boolean) {
    this.source = source;
    this.readsBytes = suites.some((suite) => suite.some(({ acl }) => acl.readsBytes));
    this.suites = suites;
    this.isUnless = isUnless;
  }

  test(stream: Stream): boolean {
    return this.evaluate(stream) === CONDITION_PASS;
  }

  evaluate(stream: Stream): number {
    const suites = this.suites;
    let outcome = CONDITION_FAIL;
    for (let i = 0; i < suites.length; i++) {
      outcome |= evaluateSuite(suites[i] as Suite, stream);
      if (outcome === CONDITION_PASS) break;
    }
    return this.isUnless ? negated(outcome) : outcome;
  }
}

function evaluateSuite(suite: Suite, stream: Stream): number {
  let outcome = CONDITION_PASS;
  for (let i = 0; i < suite.length; i++) {
    const term = suite[i] as Term;
    const found = term.acl.evaluate(stream);
    outcome &= term.isNegated ? negated(found) : found;
    if (outcome === CONDITION_FAIL) break;
  }
  return outcome;
}

function negated(outcome: number): number {
  if (outcome === CONDITION_MAYBE) return CONDITION_MAYBE;
  return outcome === CONDITION_PASS ? CONDITION_FAIL : CONDITION_PASS;
}
