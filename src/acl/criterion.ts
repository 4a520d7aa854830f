/** One test of an acl: a sample expression, a match method and patterns, compiled into one function. Criteria with a suffix
 * (`path_beg`, `hdr_dom`) are fetches whose match method is given.
 *
 * See also: configuration.txt 7.1.
 */
import { unknownHint } from '../config/known-elsewhere.ts';
import { didYouMean } from '../config/nearest.ts';
import type { PatternList } from '../model/pattern-list.ts';
import type { Word } from '../model/place.ts';
import type { RuleContext } from '../model/rule-context.ts';
import {
  CONDITION_FAIL,
  CONDITION_MAYBE,
  CONDITION_PASS,
  type SampleType,
  type SampleValue,
} from '../model/rules.ts';
import type { Stream } from '../model/stream.ts';
import {
  defaultMethod,
  findMatchMethod,
  type Matcher,
  type MatchMethod,
  matchMethods,
  readPatternFile,
} from '../pattern/methods.ts';
import { isOperator } from '../pattern/numbers.ts';
import { ExpressionError } from '../sample/arguments.ts';
import {
  type CompiledExpression,
  compileWithFetch,
  fetchNames,
  findFetch,
  keywordAt,
  tryExpression,
} from '../sample/expression.ts';
import { findCast } from '../sample/types.ts';
import { aclKeywords, findAclKeyword } from './keywords.ts';
import { LiveMatcher, type PatternSource } from './live-matcher.ts';
import type { ReadSample } from './pattern-user.ts';

export interface Criterion {
  /** CONDITION_*. */
  evaluate(stream: Stream): number;
  readonly expression: CompiledExpression;
}

/** Patterns that share their case: those of one file, or those of the line. */
interface PatternSet extends PatternSource {
  readonly words: readonly (Word | undefined)[];
}

interface Options {
  method: MatchMethod | undefined;
  isForced: boolean;
  insensitive: boolean;
  asMap: boolean;
  isEnded: boolean;
  /** `-u <id>`: the number of the list. */
  id: number | undefined;
  readonly sets: PatternSet[];
}

/** Compiles `<criterion> [flags] [operator] [patterns]`; undefined: an alert was given. */
export function parseCriterion(words: readonly Word[], ctx: RuleContext): Criterion | undefined {
  const subject = words[0];
  if (subject === undefined) {
    ctx.alerts.alert('an acl needs a criterion: a fetch such as `path_beg` or `hdr(host)`.');
    return undefined;
  }
  const name = keywordAt(subject.text, 0);
  const keyword = findAclKeyword(name);
  if (keyword === undefined && name !== '' && findFetch(name) === undefined) {
    const meant = unknownHint('fetch', name, [...fetchNames(), ...aclKeywords.map((known) => known.name)]);
    ctx.alerts.alert(`unknown fetch method '${name}'${meant} in ACL expression '${subject.text}'.`, subject);
    return undefined;
  }
  const expression =
    keyword === undefined
      ? tryExpression(subject.text, ctx, subject)
      : keywordExpression(keyword.fetch, name, subject, ctx);
  if (expression === undefined) return undefined;
  const given = keyword !== undefined && expression.converterCount === 0 ? keyword.method : undefined;
  const options: Options = {
    method: given ?? defaultMethod(expression.type),
    isForced: false,
    insensitive: false,
    asMap: false,
    isEnded: false,
    id: undefined,
    sets: [],
  };
  warnWithoutPatterns(words, expression, options.method, ctx);
  const rest = readFlags(words, expression, options, ctx);
  if (rest === undefined) return undefined;
  if (options.method === undefined) return needsMethod(name, subject, ctx);
  if (keyword !== undefined && given !== undefined && given !== options.method && given.name !== 'str') {
    ctx.alerts.warning(
      `original matching method '${name}' was overwritten and will not be applied as expected.`,
      subject,
    );
  }
  addPatterns(words.slice(rest), options, subject, ctx);
  return compile(expression, options.method, options.sets, ctx);
}

function keywordExpression(
  fetchName: string,
  name: string,
  subject: Word,
  ctx: RuleContext,
): CompiledExpression | undefined {
  const fetch = findFetch(fetchName);
  if (fetch === undefined) return undefined;
  try {
    return compileWithFetch(fetch, subject.text, name.length, ctx, subject);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    ctx.alerts.alert(`ACL keyword '${name}' : ${error.message}.`, subject);
    return undefined;
  }
}

function needsMethod(name: string, subject: Word, ctx: RuleContext): undefined {
  ctx.alerts.alert(
    `matching method must be specified first (using '-m') when using a sample fetch of this type ('${name}').`,
    subject,
    `Allowed after -m: ${matchMethods.map((method) => method.name).join(', ')}.`,
  );
  return undefined;
}

function warnWithoutPatterns(
  words: readonly Word[],
  expression: CompiledExpression,
  method: MatchMethod | undefined,
  ctx: RuleContext,
): void {
  if (method === undefined || expression.type === 'bool' || words.length > 1) return;
  ctx.alerts.warning(
    'no pattern to match against were provided, so this ACL will never match.',
    words[0],
    "Add '--' if that is intended, '-m found' to match only for existence, '-m bool' to match an int as a bool.",
  );
}

/** Reads the flags; returns the index of the first pattern. */
function readFlags(
  words: readonly Word[],
  expression: CompiledExpression,
  options: Options,
  ctx: RuleContext,
): number | undefined {
  let at = 1;
  for (; at < words.length && words[at]?.text.startsWith('-') && !options.isEnded; at++) {
    const word = words[at] as Word;
    const next = words[at + 1];
    switch (word.text) {
      case '-i':
        options.insensitive = true;
        break;
      case '-n':
        break;
      case '-M':
        options.asMap = true;
        break;
      case '--':
        options.isEnded = true;
        break;
      case '-m':
        if (!forceMethod(word, next, expression, options, ctx)) return undefined;
        at++;
        break;
      case '-f':
        if (!readFile(word, next, expression, options, ctx)) return undefined;
        at++;
        break;
      case '-u':
        if (next === undefined || !/^\d{1,10}$/.test(next.text)) {
          ctx.alerts.alert('the argument of -u must be an integer.', next ?? word);
          return undefined;
        }
        options.id = Number(next.text);
        at++;
        break;
      default:
        ctx.alerts.alert(
          `'${word.text}' is not a valid ACL option. Please use '--' before any pattern beginning with a '-'.`,
          word,
          'Allowed: -i, -n, -f <file>, -m <method>, -M, -u <id>, --.',
        );
        return undefined;
    }
  }
  return at;
}

function forceMethod(
  word: Word,
  name: Word | undefined,
  expression: CompiledExpression,
  options: Options,
  ctx: RuleContext,
): boolean {
  if (options.sets.length > 0) {
    ctx.alerts.alert(
      "'-m' must only be specified before patterns and files in parsing ACL expression.",
      word,
    );
    return false;
  }
  if (options.isForced) {
    ctx.alerts.alert("only one explicit matching method can be defined with '-m' parameter.", word);
    return false;
  }
  const names = matchMethods.map((method) => method.name);
  const method = name === undefined ? undefined : findMatchMethod(name.text);
  if (method === undefined) {
    const said = name?.text ?? '';
    ctx.alerts.alert(
      `unknown matching method '${said}' when parsing ACL expression${didYouMean(said, names)}.`,
      name ?? word,
      `Allowed: ${names.join(', ')}.`,
    );
    return false;
  }
  if (method.input !== undefined && findCast(expression.type, method.input) === undefined) {
    ctx.alerts.alert(
      `matching method '${method.name}' cannot be used with fetch keyword '${expression.fetch.name}', ` +
        `whose type here is ${expression.type}.`,
      name,
    );
    return false;
  }
  options.method = method;
  options.isForced = true;
  return true;
}

function readFile(
  word: Word,
  name: Word | undefined,
  expression: CompiledExpression,
  options: Options,
  ctx: RuleContext,
): boolean {
  if (options.method === undefined) {
    needsMethod(expression.fetch.name, word, ctx);
    return false;
  }
  if (name === undefined) {
    ctx.alerts.alert("'-f' expects a file name, but the line ends here.", word);
    return false;
  }
  const list = fileList(name.text, options.asMap, ctx);
  if (list === undefined) return false;
  options.sets.push({ list, words: list.entries.map(() => name), insensitive: options.insensitive });
  return true;
}

/** The list of a file, which all that name the file share. */
function fileList(path: string, asMap: boolean, ctx: RuleContext): PatternList | undefined {
  const lists = ctx.configuration.patternLists;
  const usedBy = `by acl at file '${ctx.place.file}' line ${ctx.place.line}`;
  const known = lists.withFile(path);
  if (known !== undefined) {
    known.description += `, ${usedBy}`;
    return known;
  }
  const bytes = ctx.attachment(path);
  if (bytes === undefined) return undefined;
  const description = `pattern loaded from file '${path}' used ${usedBy}`;
  return lists.add(path, description, readPatternFile(bytes, asMap));
}

function addPatterns(words: readonly Word[], options: Options, subject: Word, ctx: RuleContext): void {
  const { file, line } = ctx.place;
  const name = keywordAt(subject.text, 0);
  const texts = words.map((word) => word.text);
  const description = `acl '${name}' file '${file}' line ${line}`;
  const list = ctx.configuration.patternLists.add('', description, texts, options.id);
  options.sets.push({ list, words, insensitive: options.insensitive });
  const first = words[0];
  if (first === undefined) return;
  if (first.text.startsWith('(') && !subject.text.includes('(') && !options.isEnded) {
    ctx.alerts.warning(
      `matching '${subject.text}' for pattern '${first.text}' is likely a mistake and probably not what you want.`,
      first,
      "Remove the blank before '(', or put '--' before the pattern to keep it.",
    );
  }
  for (const word of words) {
    if (['&&', 'and', '||', 'or'].includes(word.text)) {
      ctx.alerts.diag(
        `pattern '${word.text}' looks like a failed attempt at using an operator inside a pattern list.`,
        word,
      );
    }
  }
}

/** The matcher of the patterns as they are; faults are said under the words they came from. */
function buildMatcher(method: MatchMethod, sets: readonly PatternSet[], ctx: RuleContext): Matcher {
  const matchers = sets
    .filter(({ list }) => list.entries.some(({ text }) => !isOperator(text) || method.input !== 'sint'))
    .map(({ list, insensitive, words }) =>
      method.build(list.texts, insensitive, (index, message) => {
        ctx.alerts.alert(`${message}.`, words[index]);
      }),
    );
  const [first = method.build([], false, () => {})] = matchers;
  if (matchers.length <= 1) return first;
  return (value) => matchers.some((matches) => matches(value));
}

/** A sample as a command of the runtime API spells it, cast to what <method> wants. */
function sampleReader(method: MatchMethod): ReadSample {
  const cast = method.input === undefined ? null : findCast('str', method.input);
  if (cast === undefined) return () => undefined;
  return cast === null ? (text) => text : cast;
}

/** The three-valued test: a fetch that says its answer may change makes a failure a MAYBE. */
function compile(
  expression: CompiledExpression,
  method: MatchMethod,
  sets: readonly PatternSet[],
  ctx: RuleContext,
): Criterion {
  const { matches } = new LiveMatcher(method, sets, buildMatcher(method, sets, ctx), sampleReader(method));
  const test = expression.some(accepts(expression.type, method.input, matches));
  return {
    expression,
    evaluate(stream) {
      stream.mayChange = false;
      if (test(stream)) return CONDITION_PASS;
      return stream.mayChange ? CONDITION_MAYBE : CONDITION_FAIL;
    },
  };
}

function accepts(
  from: SampleType,
  to: SampleType | undefined,
  matches: Matcher,
): (value: SampleValue) => boolean {
  const cast = to === undefined ? null : findCast(from, to);
  if (cast === null || cast === undefined) return matches;
  return (value) => {
    const casted = cast(value);
    return casted !== undefined && matches(casted);
  };
}
