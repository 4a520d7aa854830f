/** `http-check expect`: what an answer must look like. Compiled when the configuration is read, judged when an answer is there. */
import { Regex, RegexError } from '../pattern/regex.ts';
import type { HttpAnswer } from './http-answer.ts';
import type { CheckStatus } from './result.ts';

/** Why an answer is refused; undefined: it is what was expected. */
export interface Refusal {
  readonly status: CheckStatus;
  readonly info: string;
}

export type Expectation = (answer: HttpAnswer) => Refusal | undefined;

/** <notice>: words that are left out. */
export type Compiled<T> = { readonly value: T; readonly notice?: string } | { readonly error: string };

/** How a fault ends that is only a notice. */
export const NOT_BUILT = 'is known to HAProxy but not built yet in Sluice; ignored.';

const MATCHES = ['status', 'rstatus', 'string', 'rstring', 'hdr', 'fhdr'] as const;

/** Parts with an argument that only change how a result is called: left out, with a notice. */
const SKIPPED = new Set([
  'min-recv',
  'ok-status',
  'error-status',
  'tout-status',
  'on-success',
  'on-error',
  'status-code',
]);

type Test = (answer: HttpAnswer) => boolean;

function statusRanges(text: string): Compiled<Test> {
  const ranges: [low: number, high: number][] = [];
  for (const part of text.split(',')) {
    const match = /^(\d{1,3})(?:-(\d{1,3}))?$/.exec(part);
    if (match === null) return { error: `'${text}' is not a list of status codes and ranges` };
    ranges.push([Number(match[1]), Number(match[2] ?? match[1])]);
  }
  return { value: ({ status }) => ranges.some(([low, high]) => status >= low && status <= high) };
}

function compileRegex(text: string): Compiled<Regex> {
  try {
    return { value: new Regex(text) };
  } catch (error) {
    if (error instanceof RegexError) return { error: `regex '${text}' : ${error.message}` };
    throw error;
  }
}

function regexOn(text: string, subject: (answer: HttpAnswer) => string): Compiled<Test> {
  const compiled = compileRegex(text);
  if ('error' in compiled) return compiled;
  const regex = compiled.value;
  return { value: (answer) => regex.test(subject(answer)) };
}

type TextTest = (subject: string) => boolean;

/** `[-m <method>] <text>`, as after `name` and `value`. */
function textTest(words: string[], insensitive: boolean): Compiled<TextTest> {
  let method = 'str';
  if (words[0] === '-m') {
    method = words[1] ?? '';
    words.splice(0, 2);
  }
  const text = words.shift();
  if (text === undefined) return { error: "'hdr' expects a text" };
  const wanted = insensitive ? text.toLowerCase() : text;
  const tests: Record<string, TextTest> = {
    str: (subject) => subject === wanted,
    beg: (subject) => subject.startsWith(wanted),
    end: (subject) => subject.endsWith(wanted),
    sub: (subject) => subject.includes(wanted),
  };
  const test = Object.hasOwn(tests, method) ? tests[method] : undefined;
  if (test !== undefined) return { value: test };
  if (method !== 'reg') return { error: `unknown match method '-m ${method}'` };
  const compiled = compileRegex(text);
  if ('error' in compiled) return compiled;
  return { value: (subject) => compiled.value.test(subject) };
}

/** `{ name } [-m m] <name> [{ value } [-m m] <value>]`; <isWhole>: commas do not cut values. */
function fieldTest(words: string[], isWhole: boolean): Compiled<Test> {
  if (words[0] !== 'name')
    return { error: `expects 'name' before the name of a field, not '${words[0] ?? ''}'` };
  words.shift();
  const name = textTest(words, true);
  if ('error' in name) return name;
  const next = words.shift();
  if (next === undefined) return { value: ({ fields }) => fields.some(([field]) => name.value(field)) };
  if (next !== 'value') return { error: `expects 'value', not '${next}'` };
  const value = textTest(words, false);
  if ('error' in value) return value;
  const values = (text: string) => (isWhole ? [text] : text.split(',').map((part) => part.trim()));
  return {
    value: ({ fields }) =>
      fields.some(([field, text]) => name.value(field) && values(text).some((part) => value.value(part))),
  };
}

function compileTest(match: string, words: string[]): Compiled<Test> {
  if (match === 'hdr' || match === 'fhdr') return fieldTest(words, match === 'fhdr');
  const pattern = words.shift();
  if (pattern === undefined) return { error: `'${match}' expects a pattern` };
  if (match === 'status') return statusRanges(pattern);
  if (match === 'rstatus') return regexOn(pattern, ({ status }) => String(status));
  if (match === 'string') return { value: ({ body }) => body.includes(pattern) };
  return regexOn(pattern, ({ body }) => body);
}

function refuse(match: string, isInverted: boolean, answer: HttpAnswer, comment: string): Refusal {
  const after = comment === '' ? '' : ` comment: ${comment}`;
  if (match !== 'string' && match !== 'rstring') return { status: 'L7STS', info: answer.reason + after };
  let info = isInverted ? 'HTTP check matched unwanted content' : 'HTTP content check did not match';
  if (answer.body === '') info = 'HTTP content check could not find a response body';
  return { status: 'L7RSP', info: info + after };
}

/** <words> are those after `http-check expect`. */
export function compileExpect(words: readonly string[]): Compiled<Expectation> {
  const rest = [...words];
  let comment = '';
  let skipped = '';
  while (rest[0] === 'comment' || SKIPPED.has(rest[0] ?? '')) {
    if (rest[0] === 'comment') comment = rest[1] ?? '';
    else skipped = rest[0] ?? '';
    rest.splice(0, 2);
  }
  let isInverted = false;
  if (rest[0]?.startsWith('!')) {
    isInverted = true;
    if (rest[0] === '!') rest.shift();
    else rest[0] = rest[0].slice(1);
  }
  const format = rest.find((word) => /^(string|name|value)-lf$/.test(word));
  if (format !== undefined) return { error: `'http-check expect' with ${format} ${NOT_BUILT}` };
  const match = MATCHES.find((name) => name === rest[0]);
  if (match === undefined) {
    return { error: `'http-check expect' only supports ${MATCHES.join(', ')}, not '${rest[0] ?? ''}'` };
  }
  rest.shift();
  const test = compileTest(match, rest);
  if ('error' in test) return { error: `'http-check expect ${match}' : ${test.error}` };
  if (rest.length > 0) return { error: `'http-check expect ${match}' : unexpected '${rest[0]}'` };
  const needsBody = match === 'string' || match === 'rstring';
  return {
    ...(skipped === '' ? {} : { notice: `'http-check expect ${skipped}' ${NOT_BUILT}` }),
    value: (answer) => {
      const isMissing = needsBody && answer.body === '';
      if (!isMissing && test.value(answer) !== isInverted) return undefined;
      return refuse(match, isInverted, answer, comment);
    },
  };
}

/** Without an `expect`: 2xx and 3xx. */
export const expectSuccess: Expectation = (answer) =>
  answer.status >= 200 && answer.status <= 399 ? undefined : { status: 'L7STS', info: answer.reason };
