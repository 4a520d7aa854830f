/** Sample expressions: a fetch, then converters, compiled once into a chain of functions. Types are static: each step's output
 * must be castable to the next one's input, and the cast is compiled in. A missing sample (undefined) ends the chain.
 *
 * See also: configuration.txt 7.3.
 */
import { unknownHint } from '../config/known-elsewhere.ts';
import type { Word, WordCursor } from '../model/place.ts';
import type { RuleContext } from '../model/rule-context.ts';
import type { Expression, SampleType, SampleValue } from '../model/rules.ts';
import type { Stream } from '../model/stream.ts';
import { ExpressionError, readArguments } from './arguments.ts';
import { converters } from './converters/index.ts';
import type { Accept, Converter, Fetch } from './declare.ts';
import { fetches } from './fetches/index.ts';
import { ProxyReference, referenceKind } from './references.ts';
import { placesHere, placesOf, sourceNames } from './sources.ts';
import { type Cast, findCast } from './types.ts';

/** An expression as the families above need it: besides its value, all values of a fetch that has several. */
export interface CompiledExpression extends Expression {
  readonly fetch: Fetch;
  readonly converterCount: number;
  /** Where its sources exist, as bits of sources.ts. */
  readonly places: number;
  /** A test that holds when <accept> takes one of the values. */
  some(accept: Accept): (stream: Stream) => boolean;
}

/** Converters one expression may have. */
export const CONVERTERS_MAX = 64;

type Step = (value: SampleValue, stream: Stream) => SampleValue | undefined;

const fetchesByName = new Map(fetches.map((fetch) => [fetch.name, fetch]));
const convertersByName = new Map(converters.map((converter) => [converter.name, converter]));

export function findFetch(name: string): Fetch | undefined {
  return fetchesByName.get(name);
}

export function fetchNames(): IterableIterator<string> {
  return fetchesByName.keys();
}

/** The keyword that <text> begins with at <at>. */
export function keywordAt(text: string, at: number): string {
  return (/^[A-Za-z0-9._:+-]*/.exec(text.slice(at)) as RegExpExecArray)[0];
}

/** Compiles the word under the cursor and the converters in the words that follow. undefined: an alert was given. */
export function parseExpression(cursor: WordCursor, ctx: RuleContext): CompiledExpression | undefined {
  const word = cursor.words[cursor.position];
  if (word === undefined) {
    ctx.alerts.alert('a sample expression is expected here, but the line ends.', cursor.words.at(-1));
    return undefined;
  }
  cursor.position++;
  let text = word.text;
  // A converter may stand in a word of its own: the old form of `src,lower` is `src lower`.
  for (let next = cursor.peek(); next !== undefined; next = cursor.peek()) {
    if (!convertersByName.has(keywordAt(next, 0))) break;
    text += `,${next}`;
    cursor.position++;
  }
  return parseExpressionText(text, ctx, word);
}

/** Compiles a whole text, giving an alert at <word> when it is wrong or cannot be used at this place. */
export function parseExpressionText(
  text: string,
  ctx: RuleContext,
  word: Word | undefined,
): CompiledExpression | undefined {
  const compiled = tryExpression(text, ctx, word);
  if (compiled === undefined) return undefined;
  if ((compiled.places & placesHere(ctx)) !== 0) return compiled;
  ctx.alerts.alert(
    `sample fetch <${compiled.fetch.name}> may not be reliably used here because it needs ` +
      `'${sourceNames(compiled.fetch.uses)}' which is not available here.`,
    word,
  );
  return undefined;
}

/** The same without looking at the place: acls are declared before anybody knows where they will be used. */
export function tryExpression(
  text: string,
  ctx: RuleContext,
  word: Word | undefined,
): CompiledExpression | undefined {
  try {
    return compileExpression(text, ctx, word);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    ctx.alerts.alert(`${error.message} in expression '${text}'.`, word);
    return undefined;
  }
}

function compileExpression(text: string, ctx: RuleContext, word: Word | undefined): CompiledExpression {
  const name = keywordAt(text, 0);
  if (name === '') throw new ExpressionError('missing fetch method');
  const fetch = fetchesByName.get(name);
  if (fetch === undefined) {
    throw new ExpressionError(
      `unknown fetch method '${name}'${unknownHint('fetch', name, fetchesByName.keys())}`,
    );
  }
  return compileWithFetch(fetch, text, name.length, ctx, word);
}

/** Compiles <text> from <at> on, where the arguments of <fetch> begin. Throws ExpressionError. */
export function compileWithFetch(
  fetch: Fetch,
  text: string,
  at: number,
  ctx: RuleContext,
  word: Word | undefined,
): CompiledExpression {
  let list: ReturnType<typeof readArguments>;
  try {
    list = readArguments(text, at, fetch.args, ctx);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    throw new ExpressionError(`fetch method '${fetch.name}' : ${error.message}`);
  }
  const wrong = fetch.check?.(list.values, ctx);
  if (wrong !== undefined)
    throw new ExpressionError(`invalid args in fetch method '${fetch.name}' : ${wrong}`);
  checkReferences(list.values, `sample fetch keyword '${fetch.name}'`, ctx, word);
  const chain = readConverters(text, list.end, fetch.output, ctx, word);
  return build(text, fetch, list.values, chain);
}

/** Names of proxies and servers are checked when all of them are known, if the reader of the file offers to. */
function checkReferences(
  values: readonly unknown[],
  user: string,
  ctx: RuleContext,
  word: Word | undefined,
): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as { readonly name: string; find(): unknown };
    const kind = referenceKind(value);
    if (kind === undefined || (value instanceof ProxyReference && value.isOpen)) continue;
    ctx.later?.(() => {
      if (value.find() !== undefined) return;
      const said = value.name === '' ? 'this section' : `'${value.name}'`;
      ctx.alerts.alert(`unable to find ${kind} ${said} referenced in arg ${i + 1} of ${user}.`, word);
    });
  }
}

interface Chain {
  readonly steps: readonly Step[];
  readonly type: SampleType;
}

function readConverters(
  text: string,
  start: number,
  fetchType: SampleType,
  ctx: RuleContext,
  word: Word | undefined,
): Chain {
  const steps: Step[] = [];
  let type = fetchType;
  let at = start;
  let previous = '';
  while (at < text.length) {
    if (text[at] !== ',') {
      const after = previous === '' ? 'fetch keyword' : `converter '${previous}'`;
      throw new ExpressionError(`missing comma after ${after}`);
    }
    while (text[at] === ',') at++;
    if (at >= text.length) break;
    const name = keywordAt(text, at);
    const converter = convertersByName.get(name);
    if (converter === undefined) {
      throw new ExpressionError(
        `unknown converter '${name}'${unknownHint('converter', name, convertersByName.keys())}`,
      );
    }
    const cast = findCast(type, converter.input);
    if (cast === undefined) {
      throw new ExpressionError(
        `converter '${name}' cannot be applied: it takes ${converter.input}, but is given ${type}`,
      );
    }
    const read = readConverterArguments(converter, text, at + name.length, ctx, word);
    if (steps.length >= CONVERTERS_MAX) {
      throw new ExpressionError(`more than ${CONVERTERS_MAX} converters`);
    }
    steps.push(makeStep(cast, converter, read.values));
    if (converter.output !== 'same') type = converter.output;
    else if (cast !== null) type = converter.input;
    previous = name;
    at = read.end;
  }
  return { steps, type };
}

function readConverterArguments(
  converter: Converter,
  text: string,
  at: number,
  ctx: RuleContext,
  word: Word | undefined,
) {
  let list: ReturnType<typeof readArguments>;
  try {
    list = readArguments(text, at, converter.args, ctx);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    throw new ExpressionError(`invalid args in converter '${converter.name}' : ${error.message}`);
  }
  const wrong = converter.check?.(list.values, ctx);
  if (wrong !== undefined)
    throw new ExpressionError(`invalid args in converter '${converter.name}' : ${wrong}`);
  checkReferences(list.values, `converter '${converter.name}'`, ctx, word);
  return list;
}

function makeStep(cast: Cast | null, converter: Converter, args: readonly unknown[]): Step {
  const convert = converter.convert;
  if (cast === null) return (value, stream) => convert(value, args, stream);
  return (value, stream) => {
    const casted = cast(value);
    return casted === undefined ? undefined : convert(casted, args, stream);
  };
}

/** All steps as one function; undefined when there is none. */
function joinSteps(steps: readonly Step[]): Step | undefined {
  if (steps.length === 0) return undefined;
  let joined = steps[0] as Step;
  for (const step of steps.slice(1)) {
    const before = joined;
    joined = (value, stream) => {
      const converted = before(value, stream);
      return converted === undefined ? undefined : step(converted, stream);
    };
  }
  return joined;
}

function build(source: string, fetch: Fetch, args: readonly unknown[], chain: Chain): CompiledExpression {
  const get = fetch.fetch;
  const convert = joinSteps(chain.steps);
  const evaluate =
    convert === undefined
      ? (stream: Stream) => get(stream, args)
      : (stream: Stream) => {
          const value = get(stream, args);
          return value === undefined ? undefined : convert(value, stream);
        };
  const each = fetch.some;
  const some = (accept: Accept) => {
    const taken: Accept =
      convert === undefined
        ? accept
        : (value, stream) => {
            const converted = convert(value, stream);
            return converted !== undefined && accept(converted, stream);
          };
    if (each !== undefined) return each(args, taken);
    return (stream: Stream) => {
      const value = get(stream, args);
      return value !== undefined && taken(value, stream);
    };
  };
  return {
    source,
    type: chain.type,
    evaluate,
    some,
    fetch,
    converterCount: chain.steps.length,
    places: placesOf(fetch.uses),
  };
}
