/** The match methods of `-m`: which type a sample must have for them, how their patterns are read, and the function they
 * make of a list of patterns. One table for acls (and for maps when they come).
 */
import type { Address, Network } from '../base/ip.ts';
import type { SampleType, SampleValue } from '../model/rules.ts';
import { matchNetworks, parseIpPattern } from './networks.ts';
import {
  type Integer,
  isOperator,
  matchRanges,
  type Operator,
  parseCompared,
  parseDotted,
  type Range,
} from './numbers.ts';
import { RegexError } from './regex.ts';
import {
  DIR_DELIMITERS,
  DOM_DELIMITERS,
  matchExact,
  matchMethod,
  matchPrefix,
  matchRegex,
  matchSubstring,
  matchSuffix,
  matchWord,
  type StringMatcher,
} from './strings.ts';

export type Matcher = (value: SampleValue) => boolean;

/** Says which pattern of the list is wrong, and why; the matcher is then not used. */
export type PatternFault = (index: number, message: string) => void;

export interface MatchMethod {
  readonly name: string;
  /** What a sample is cast to first; undefined: it is enough that there is one. */
  readonly input: SampleType | undefined;
  build(patterns: readonly string[], insensitive: boolean, fault: PatternFault): Matcher;
}

const never: Matcher = () => false;

function strings(
  name: string,
  make: (patterns: readonly string[], insensitive: boolean) => StringMatcher,
): MatchMethod {
  return {
    name,
    input: 'str',
    build(patterns, insensitive) {
      if (patterns.length === 0) return never;
      return make(patterns, insensitive) as Matcher;
    },
  };
}

function buildRegex(patterns: readonly string[], insensitive: boolean, fault: PatternFault): Matcher {
  let failed = patterns.length === 0;
  for (let i = 0; i < patterns.length; i++) {
    try {
      matchRegex([patterns[i] as string], insensitive);
    } catch (error) {
      if (!(error instanceof RegexError)) throw error;
      failed = true;
      fault(i, `regex '${patterns[i]}' is refused (${error.message}, at character ${error.offset + 1})`);
    }
  }
  return failed ? never : (matchRegex(patterns, insensitive) as Matcher);
}

function readRanges(
  patterns: readonly string[],
  fault: PatternFault,
  read: (operator: Operator, text: string) => Range | undefined,
): Range[] {
  const ranges: Range[] = [];
  let operator: Operator = 'eq';
  for (let i = 0; i < patterns.length; i++) {
    const text = patterns[i] as string;
    if (isOperator(text)) {
      operator = text;
      continue;
    }
    const range = read(operator, text);
    if (range !== undefined) ranges.push(range);
    else if (operator === 'eq') fault(i, `'${text}' is not a number`);
    else fault(i, `'${text}' is neither a number nor a supported operator`);
  }
  return ranges;
}

function buildRanges(patterns: readonly string[], fault: PatternFault): (value: Integer) => boolean {
  const ranges = readRanges(patterns, fault, parseCompared);
  return ranges.length === 0 ? () => false : matchRanges(ranges);
}

/** Versions: `3`, `3.1`, `3.0-3.1`, `lt 3.1`. */
export const dottedMethod: MatchMethod = {
  name: 'int',
  input: 'sint',
  build(patterns, _insensitive, fault) {
    const ranges = readRanges(patterns, fault, (operator, text) => {
      const range = parseDotted(text);
      if (range === undefined || operator === 'eq') return range;
      const step = operator === 'gt' ? 1 : operator === 'lt' ? -1 : 0;
      const value = (range.min as number) + step;
      return operator === 'gt' || operator === 'ge'
        ? { min: value, max: Infinity }
        : { min: -Infinity, max: value };
    });
    return ranges.length === 0 ? never : (matchRanges(ranges) as Matcher);
  },
};

/** The `method` acl keyword's own. */
export const methodMethod: MatchMethod = strings('str', matchMethod);

function buildNetworks(patterns: readonly string[], fault: PatternFault): Matcher {
  const networks: Network[] = [];
  for (let i = 0; i < patterns.length; i++) {
    const network = parseIpPattern(patterns[i] as string);
    if (network === undefined) fault(i, `'${patterns[i]}' is not a valid IPv4 or IPv6 address`);
    else networks.push(network);
  }
  if (networks.length === 0) return never;
  const match = matchNetworks(networks);
  return (value) => match(value as Address);
}

function buildBinary(patterns: readonly string[], fault: PatternFault): Matcher {
  const blocks: string[] = [];
  for (let i = 0; i < patterns.length; i++) {
    const text = patterns[i] as string;
    if (/^(?:[0-9A-Fa-f]{2})*$/.test(text)) blocks.push(Buffer.from(text, 'hex').toString('latin1'));
    else fault(i, `an hexadecimal value is expected, but found '${text}'`);
  }
  return blocks.length === 0 ? never : (matchExact(blocks, false) as Matcher);
}

export const matchMethods: readonly MatchMethod[] = [
  { name: 'found', input: undefined, build: () => () => true },
  { name: 'bool', input: 'bool', build: () => (value) => Boolean(value) },
  {
    name: 'int',
    input: 'sint',
    build: (patterns, _insensitive, fault) => buildRanges(patterns, fault) as Matcher,
  },
  { name: 'ip', input: 'addr', build: (patterns, _insensitive, fault) => buildNetworks(patterns, fault) },
  { name: 'bin', input: 'bin', build: (patterns, _insensitive, fault) => buildBinary(patterns, fault) },
  {
    name: 'len',
    input: 'str',
    build(patterns, _insensitive, fault) {
      const match = buildRanges(patterns, fault);
      return (value) => match((value as string).length);
    },
  },
  strings('str', matchExact),
  strings('beg', matchPrefix),
  strings('sub', matchSubstring),
  strings('dir', (patterns, insensitive) => matchWord(patterns, insensitive, DIR_DELIMITERS)),
  strings('dom', (patterns, insensitive) => matchWord(patterns, insensitive, DOM_DELIMITERS)),
  strings('end', matchSuffix),
  { name: 'reg', input: 'str', build: buildRegex },
];

export function findMatchMethod(name: string): MatchMethod | undefined {
  return matchMethods.find((method) => method.name === name);
}

/** The method a sample of <type> is matched with when none is named. */
export function defaultMethod(type: SampleType): MatchMethod | undefined {
  const names: { readonly [type: string]: string | undefined } = {
    bool: 'bool',
    sint: 'int',
    addr: 'ip',
    ipv4: 'ip',
    ipv6: 'ip',
    str: 'str',
  };
  const name = names[type];
  return name === undefined ? undefined : findMatchMethod(name);
}

/** Lines of a pattern file: leading blanks dropped, empty lines and comments skipped; with <asMap> only the first column counts. */
export function readPatternFile(bytes: Buffer, asMap: boolean): string[] {
  const patterns: string[] = [];
  for (const raw of bytes.toString('latin1').split('\n')) {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    if (line.startsWith('#')) continue;
    const text = line.replace(/^[ \t]+/, '');
    if (text === '') continue;
    patterns.push(asMap ? (text.split(/[ \t]/, 1)[0] as string) : text);
  }
  return patterns;
}
