/** Reads the argument list of a fetch or converter: `(a,'b,c',d\,e)`. Quotes and backslashes are those of the second level
 * (configuration manual 2.2 and 7.3): a comma or parenthesis inside quotes does not end an argument. Each argument is then
 * read as its declared type.
 */

import { maskOfPrefix, parseIpv4, parseIpv6 } from '../base/ip.ts';
import { didYouMean } from '../config/nearest.ts';
import { fieldName } from '../model/field-name.ts';
import type { RuleContext } from '../model/rule-context.ts';
import { parseInteger } from '../pattern/numbers.ts';
import { Regex, RegexError } from '../pattern/regex.ts';
import { type ArgumentName, argumentLabel, argumentType, isOptional } from './declare.ts';
import { AclReference, ProxyReference, ServerReference } from './references.ts';
import { parseVariable, Variable } from './variable.ts';
import { GUARD_NAMES, type Guard, guardNamed } from './variable-guard.ts';

/** Thrown inside an expression's compilation and turned into an alert at its door. */
export class ExpressionError extends Error {}

export interface ArgumentList {
  readonly values: readonly unknown[];
  /** Index behind the closing parenthesis. */
  readonly end: number;
}

/** Types that have a meaning when nothing is written: the section itself, the empty string. */
function mayBeEmpty(name: ArgumentName): boolean {
  const type = argumentType(name);
  return (
    type === 'str' ||
    type === 'field' ||
    type === 'be' ||
    type === 'fe' ||
    type === 'srv' ||
    type === 'str or var' ||
    type === 'var or none'
  );
}

/** <text> at <at> is a parenthesis, or anything else when no arguments were written. */
export function readArguments(
  text: string,
  at: number,
  declared: readonly ArgumentName[],
  ctx: RuleContext,
): ArgumentList {
  const hasList = text[at] === '(';
  const least = declared.filter((name) => !isOptional(name)).length;
  if (!hasList && least === 0) return { values: [], end: at };
  if (declared.length === 0) {
    if (text[at + 1] !== ')') throw new ExpressionError(`no argument supported, but got '${text.slice(at)}'`);
    return { values: [], end: at + 2 };
  }
  const values: unknown[] = [];
  let position = hasList ? at + 1 : at;
  while (values.length < declared.length) {
    const name = declared[values.length] as ArgumentName;
    const raw = hasList ? readRaw(text, position) : { value: '', end: at };
    position = raw.end;
    if (raw.value === '' && argumentType(name) === 'var' && isOptional(name)) {
      values.push(undefined);
      if (text[position] !== ',') break;
      position++;
      continue;
    }
    if (raw.value === '' && !mayBeEmpty(name)) {
      if (values.length >= least) break;
      throw new ExpressionError(
        `expected type '${argumentLabel(name)}' at position ${values.length + 1}, but got nothing`,
      );
    }
    values.push(readValue(raw.value, name, values.length + 1, ctx));
    if (text[position] !== ',' || values.length === declared.length) break;
    position++;
  }
  if (values.length < least) {
    const missing = argumentLabel(declared[values.length] as ArgumentName);
    throw new ExpressionError(
      `missing arguments (got ${values.length}/${least}), type '${missing}' expected`,
    );
  }
  if (!hasList) return { values, end: at };
  if (text[position] !== ')') {
    const before = position < text.length ? ` before '${text.slice(position)}'` : '';
    throw new ExpressionError(`expected ')'${before}`);
  }
  return { values, end: position + 1 };
}

const ESCAPES: { readonly [letter: string]: string | undefined } = {
  '\\': '\\',
  ' ': ' ',
  '"': '"',
  "'": "'",
  r: '\r',
  n: '\n',
  t: '\t',
};

/** One argument's text, unquoted; `end` is the comma or parenthesis behind it. */
function readRaw(text: string, at: number): { value: string; end: number } {
  let value = '';
  let quote = '';
  let i = at;
  for (; i < text.length; i++) {
    const char = text[i] as string;
    if (quote === '' && (char === ',' || char === ')')) break;
    if (char === '"' && quote !== "'") {
      quote = quote === '' ? '"' : '';
    } else if (char === "'" && quote !== '"') {
      quote = quote === '' ? "'" : '';
    } else if (char === '\\' && quote !== "'" && i + 1 < text.length) {
      const escaped = ESCAPES[text[i + 1] as string];
      value += escaped ?? `\\${text[i + 1]}`;
      i++;
    } else {
      value += char;
    }
  }
  return { value, end: i };
}

function refuse(text: string, name: ArgumentName, position: number): never {
  throw new ExpressionError(
    `failed to parse '${text}' as type '${argumentLabel(name)}' at position ${position}`,
  );
}

function readValue(text: string, name: ArgumentName, position: number, ctx: RuleContext): unknown {
  switch (argumentType(name)) {
    case 'sint':
    case 'sint64':
      return parseInteger(text) ?? refuse(text, name, position);
    case 'ipv4':
      return parseIpv4(text) ?? refuse(text, name, position);
    case 'ipv6':
      return parseIpv6(text) ?? refuse(text, name, position);
    case 'msk4':
      return readMask(text, 4) ?? refuse(text, name, position);
    case 'msk6':
      return readMask(text, 6) ?? refuse(text, name, position);
    case 'reg':
      return readRegex(text);
    case 'var':
      return readVariable(text);
    case 'var or none':
      return text === '' ? undefined : readVariable(text);
    case 'guard':
      return readGuard(text);
    case 'operand':
      return readOperand(text);
    case 'field':
      return fieldName(text);
    case 'str or var': {
      const variable = parseVariable(text);
      return variable instanceof Variable ? variable : text;
    }
    case 'be':
    case 'fe':
      return new ProxyReference(text, argumentType(name) as 'be' | 'fe', ctx);
    case 'srv':
      return new ServerReference(text, ctx);
    case 'acl':
      return new AclReference(text, ctx);
    default:
      return text;
  }
}

function readMask(text: string, family: 4 | 6): Uint8Array | undefined {
  if (/^\d{1,3}$/.test(text)) {
    return Number(text) <= (family === 4 ? 32 : 128) ? maskOfPrefix(Number(text), family) : undefined;
  }
  return (family === 4 ? parseIpv4(text) : parseIpv6(text))?.octets;
}

function readRegex(text: string): Regex {
  try {
    return new Regex(text);
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    throw new ExpressionError(
      `regex '${text}' is refused (${error.message}, at character ${error.offset + 1})`,
    );
  }
}

function readVariable(text: string): Variable {
  const variable = parseVariable(text);
  if (typeof variable === 'string') throw new ExpressionError(variable);
  return variable;
}

function readGuard(text: string): Guard {
  const guard = guardNamed(text);
  if (guard === undefined) {
    throw new ExpressionError(`unknown condition '${text}'${didYouMean(text, GUARD_NAMES)}`);
  }
  return guard;
}

function readOperand(text: string): unknown {
  const variable = parseVariable(text);
  if (variable instanceof Variable) return variable;
  const value = parseInteger(text);
  if (value === undefined) {
    throw new ExpressionError(`expects an integer or a variable name, but found '${text}'`);
  }
  return value;
}
