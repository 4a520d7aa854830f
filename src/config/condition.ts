/** The conditions of `.if`, `.elif` and `-cc`: integers, predicates, `!`, `&&`, `||`, parentheses. `&&` binds tighter; the right
 * side is not evaluated when the left decides. Recursive descent over one text; the evaluator owns its position.
 */
import { readArguments } from './arguments.ts';
import { compareVersion, hasFeature, isEnabled } from './version.ts';

/** How deep parentheses and chains may nest. */
export const CONDITION_DEPTH_MAX = 1024;

export type ConditionResult = { readonly value: boolean } | { readonly error: string; readonly at: number };

class ConditionError extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

interface Predicate {
  readonly args: number;
  /** undefined: the argument makes no sense. */
  test(args: readonly string[], isDefined: (name: string) => boolean): boolean | undefined;
}

const unanswerable = { args: 1, test: () => undefined };

const PREDICATES: Readonly<Record<string, Predicate>> = {
  defined: { args: 1, test: ([name], isDefined) => isDefined(name as string) },
  feature: { args: 1, test: ([name]) => hasFeature(name as string) },
  streq: { args: 2, test: ([a, b]) => a === b },
  strneq: { args: 2, test: ([a, b]) => a !== b },
  strstr: { args: 2, test: ([text, part]) => (text as string).includes(part as string) },
  version_atleast: { args: 1, test: ([version]) => compareVersion(version as string) <= 0 },
  version_before: { args: 1, test: ([version]) => compareVersion(version as string) > 0 },
  enabled: { args: 1, test: ([option]) => isEnabled(option as string) },
  // No TLS library is linked, so there is no version to compare with, and no name that starts with anything.
  openssl_version_atleast: unanswerable,
  openssl_version_before: unanswerable,
  awslc_api_atleast: unanswerable,
  awslc_api_before: unanswerable,
  ssllib_name_startswith: { args: 1, test: () => false },
  fips_mode: { args: 0, test: () => false },
};

export const PREDICATE_NAMES: readonly string[] = Object.keys(PREDICATES);

class Evaluator {
  private readonly text: string;
  private readonly isDefined: (name: string) => boolean;
  private at = 0;

  constructor(text: string, isDefined: (name: string) => boolean) {
    this.text = text;
    this.isDefined = isDefined;
  }

  run(): boolean {
    const value = this.either(true, CONDITION_DEPTH_MAX);
    this.skipSpaces();
    if (this.at < this.text.length) {
      throw new ConditionError(
        `unexpected character '${this.text[this.at]}' at the end of conditional expression '${this.text}'`,
        this.at,
      );
    }
    return value;
  }

  private skipSpaces(): void {
    while (this.text[this.at] === ' ' || this.text[this.at] === '\t') this.at++;
  }

  private unparsable(at: number): ConditionError {
    return new ConditionError(`unparsable conditional expression '${this.text.slice(at)}'`, at);
  }

  /** a || b: <wanted> is false where the value no longer matters, so that predicates are read but not asked. */
  private either(wanted: boolean, depth: number): boolean {
    let value = this.both(wanted, depth - 1);
    for (this.skipSpaces(); this.text.startsWith('||', this.at); this.skipSpaces()) {
      const operator = this.at;
      this.at += 2;
      this.requireOperand(operator);
      const right = this.both(wanted && !value, depth - 1);
      value ||= right;
    }
    return value;
  }

  private both(wanted: boolean, depth: number): boolean {
    let value = this.term(wanted, depth - 1);
    for (this.skipSpaces(); this.text.startsWith('&&', this.at); this.skipSpaces()) {
      const operator = this.at;
      this.at += 2;
      this.requireOperand(operator);
      const right = this.term(wanted && value, depth - 1);
      value &&= right;
    }
    return value;
  }

  private requireOperand(operator: number): void {
    this.skipSpaces();
    if (this.at >= this.text.length) throw this.unparsable(operator);
  }

  private term(wanted: boolean, depth: number): boolean {
    this.skipSpaces();
    const from = this.at;
    if (depth <= 0) throw this.unparsable(from);
    let isNegated = false;
    while (this.text[this.at] === '!') {
      isNegated = !isNegated;
      this.at++;
      this.skipSpaces();
    }
    const value = this.integer() ?? this.group(wanted, depth, from) ?? this.predicate(wanted);
    if (value === undefined) throw this.unparsable(from);
    return value !== isNegated;
  }

  /** As strtol(3) with base 0. */
  private integer(): boolean | undefined {
    const match = /^[ \t]*[-+]?(?:0[xX][0-9a-fA-F]+|[0-9]+)/.exec(this.text.slice(this.at, this.at + 64));
    if (match === null) return undefined;
    this.at += match[0].length;
    return /[1-9a-fA-F]/.test(match[0].replace(/0[xX]/, ''));
  }

  private group(wanted: boolean, depth: number, from: number): boolean | undefined {
    if (this.text[this.at] !== '(') return undefined;
    this.at++;
    const value = this.either(wanted, depth - 1);
    this.skipSpaces();
    if (this.text[this.at] !== ')') {
      throw new ConditionError(`expected ')' after conditional expression '${this.text.slice(from)}'`, from);
    }
    this.at++;
    return value;
  }

  private predicate(wanted: boolean): boolean | undefined {
    const name = /^[^ (]*/.exec(this.text.slice(this.at))?.[0] ?? '';
    const predicate = Object.hasOwn(PREDICATES, name) ? PREDICATES[name] : undefined;
    if (predicate === undefined) return undefined;
    const open = this.at + name.length;
    let args: readonly string[] = [];
    this.at = open;
    if (this.text[open] === '(') {
      const read = readArguments(this.text, open);
      if ('error' in read) throw this.argumentError(`expected ')'`, name, 1, open);
      args = read.args;
      this.at = read.end;
    }
    if (args.length === 0 && predicate.args > 0) args = [''];
    if (args.length < predicate.args || (predicate.args > 0 && args[0] === '' && this.text[open] !== '(')) {
      const got = `missing arguments (got ${args.length}/${predicate.args}), type 'string' expected`;
      throw this.argumentError(got, name, args.length, open);
    }
    if (args.length > predicate.args) throw this.argumentError(`expected ')'`, name, predicate.args, open);
    if (!wanted) return false;
    const value = predicate.test(args, this.isDefined);
    if (value === undefined) {
      const message = `invalid argument to conditional expression predicate '${name}': '${args[0]}'`;
      throw new ConditionError(message, open);
    }
    return value;
  }

  private argumentError(what: string, name: string, index: number, at: number): ConditionError {
    return new ConditionError(
      `${what} in argument ${index} of predicate '${name}' used in conditional expression`,
      at,
    );
  }
}

/** Evaluates <text>; the empty text is false. <isDefined> answers `defined()`. */
export function evaluateCondition(text: string, isDefined: (name: string) => boolean): ConditionResult {
  if (text === '') return { value: false };
  try {
    return { value: new Evaluator(text, isDefined).run() };
  } catch (error) {
    if (error instanceof ConditionError) return { error: error.message, at: error.at };
    throw error;
  }
}
