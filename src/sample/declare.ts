/** How a fetch or a converter is declared: one call with its name, its arguments and what it does. The types of the function's
 * parameters follow from the declared arguments and types, so a wrong one is a compile error.
 */
import type { Address } from '../base/ip.ts';
import type { FieldName } from '../model/field-name.ts';
import type { Proxy } from '../model/proxy.ts';
import type { RuleContext } from '../model/rule-context.ts';
import type { SampleType, SampleValue } from '../model/rules.ts';
import type { Server } from '../model/server.ts';
import type { Stream } from '../model/stream.ts';
import type { Regex } from '../pattern/regex.ts';
import type { Integer } from './integer.ts';
import type { Source } from './sources.ts';
import type { Variable } from './variable.ts';
import type { Guard } from './variable-guard.ts';

/** Looks a name up on first use: proxies and servers may be declared after the line that names them. */
export interface Reference<T> {
  readonly name: string;
  /** What it leads to; without a name in a `defaults` section that is what <stream> goes through. */
  of(stream: Stream): T;
}

/** Whether a named acl holds. */
export interface AclTest {
  readonly name: string;
  test(stream: Stream): boolean;
}

/** What an argument of each type is when it reaches the function. `operand` is an integer or a variable's name, `sint64` an
 * integer that may need 64 bits. */
export interface ArgumentTypes {
  sint: number;
  sint64: Integer;
  str: string;
  /** A header field's name, looked up once. */
  field: FieldName;
  reg: Regex;
  ipv4: Address;
  ipv6: Address;
  msk4: Uint8Array;
  msk6: Uint8Array;
  fe: Reference<Proxy>;
  be: Reference<Proxy>;
  srv: Reference<Server>;
  /** A named acl, perhaps behind `!`. */
  acl: AclTest;
  var: Variable;
  /** A variable, or nothing between two commas. */
  'var or none': Variable | undefined;
  guard: Guard;
  operand: Integer | Variable;
  /** A literal, or a variable when the word is `scope.name`. */
  'str or var': string | Variable;
}

export type ArgumentType = keyof ArgumentTypes;
export type ArgumentName = ArgumentType | `${ArgumentType}?`;

type ArgumentOf<Name extends ArgumentName> = Name extends `${infer Base extends ArgumentType}?`
  ? ArgumentTypes[Base] | undefined
  : Name extends ArgumentType
    ? ArgumentTypes[Name]
    : never;

export type ArgumentsOf<Names extends readonly ArgumentName[]> = {
  [Index in keyof Names]: ArgumentOf<Names[Index]>;
};

interface ValueTypes {
  any: SampleValue;
  bool: boolean;
  sint: Integer;
  addr: Address;
  ipv4: Address;
  ipv6: Address;
  str: string;
  bin: string;
  meth: string;
}

export type ValueOf<Type extends SampleType> = ValueTypes[Type];

/** Answers what is wrong with arguments that were read well, or undefined. */
type Check<Args> = (args: Args, ctx: RuleContext) => string | undefined;

export type Accept = (value: SampleValue, stream: Stream) => boolean;

export interface Fetch {
  readonly name: string;
  readonly args: readonly ArgumentName[];
  readonly output: SampleType;
  readonly uses: readonly Source[];
  readonly check: Check<readonly unknown[]> | undefined;
  fetch(stream: Stream, args: readonly unknown[]): SampleValue | undefined;
  /** Makes the test that is true as soon as <accept> takes one of the sample's values; only for fetches with several. */
  readonly some: ((args: readonly unknown[], accept: Accept) => (stream: Stream) => boolean) | undefined;
}

export interface Converter {
  readonly name: string;
  readonly args: readonly ArgumentName[];
  readonly input: SampleType;
  readonly output: SampleType | 'same';
  readonly check: Check<readonly unknown[]> | undefined;
  convert(value: SampleValue, args: readonly unknown[], stream: Stream): SampleValue | undefined;
}

export function fetch<const Args extends readonly ArgumentName[], Output extends SampleType>(declaration: {
  readonly name: string;
  readonly args: Args;
  readonly output: Output;
  readonly uses: Source | readonly Source[];
  readonly check?: Check<ArgumentsOf<Args>>;
  readonly fetch: (stream: Stream, args: ArgumentsOf<Args>) => ValueOf<Output> | undefined;
  readonly some?: (
    args: ArgumentsOf<Args>,
    accept: (value: ValueOf<Output>, stream: Stream) => boolean,
  ) => (stream: Stream) => boolean;
}): Fetch {
  const uses = typeof declaration.uses === 'string' ? [declaration.uses] : declaration.uses;
  return { check: undefined, some: undefined, ...declaration, uses } as unknown as Fetch;
}

export function converter<
  const Args extends readonly ArgumentName[],
  Input extends SampleType,
  Output extends SampleType | 'same',
>(declaration: {
  readonly name: string;
  readonly args: Args;
  readonly input: Input;
  readonly output: Output;
  readonly check?: Check<ArgumentsOf<Args>>;
  readonly convert: (
    value: ValueOf<Input>,
    args: ArgumentsOf<Args>,
    stream: Stream,
  ) => ValueOf<Output extends SampleType ? Output : Input> | undefined;
}): Converter {
  return { check: undefined, ...declaration } as unknown as Converter;
}

/** The same fetch under another name. */
export function alias(name: string, original: Fetch): Fetch {
  return { ...original, name };
}

const LABELS: { readonly [type in ArgumentType]: string } = {
  sint: 'integer',
  sint64: 'integer',
  str: 'string',
  field: 'string',
  reg: 'regex',
  ipv4: 'IPv4 address',
  ipv6: 'IPv6 address',
  msk4: 'IPv4 mask',
  msk6: 'IPv6 mask',
  fe: 'frontend',
  be: 'backend',
  srv: 'server',
  acl: 'string',
  var: 'string',
  'var or none': 'string',
  guard: 'string',
  operand: 'string',
  'str or var': 'string',
};

/** `str?` may be left out. */
export function isOptional(name: ArgumentName): boolean {
  return name.endsWith('?');
}

/** The type without its question mark. */
export function argumentType(name: ArgumentName): ArgumentType {
  return (name.endsWith('?') ? name.slice(0, -1) : name) as ArgumentType;
}

/** What messages and -dK call it. */
export function argumentLabel(name: ArgumentName): string {
  return LABELS[argumentType(name)];
}

/** `(integer,string[,integer])` as `-dK` prints it; '' without arguments. */
export function signature(args: readonly ArgumentName[]): string {
  if (args.length === 0) return '';
  const least = args.filter((name) => !isOptional(name)).length;
  let out = '(';
  for (let i = 0; i < args.length; i++) {
    if (i === least) out += '[';
    if (i > 0) out += ',';
    out += argumentLabel(args[i] as ArgumentName);
  }
  return `${out}${least < args.length ? ']' : ''})`;
}
