/** Hot path. Matchers of integers: values, ranges, open ranges. Patterns are read once; numbers beyond 2^53 stay bigints, which
 * compare with numbers as they are.
 */

export type Integer = number | bigint;

export interface Range {
  readonly min: Integer;
  readonly max: Integer;
}

const LOWEST = -Infinity;
const HIGHEST = Infinity;

/** Reads `5`, `5:7`, `:7`, `5:`; `-` separates as well, so `-5` is everything up to 5, as in HAProxy. undefined: not a range. */
export function parseRange(text: string): Range | undefined {
  const at = text.search(/[:-]/);
  if (at < 0) {
    const single = parseInteger(text);
    return single === undefined ? undefined : { min: single, max: single };
  }
  if (text.length === 1) return undefined;
  const min = at === 0 ? LOWEST : parseInteger(text.slice(0, at));
  const max = at === text.length - 1 ? HIGHEST : parseInteger(text.slice(at + 1));
  if (min === undefined || max === undefined || min > max) return undefined;
  return { min, max };
}

export type Operator = 'eq' | 'ge' | 'gt' | 'le' | 'lt';

/** A comparison before a number: `ge 5`. */
export function isOperator(text: string): text is Operator {
  return text === 'eq' || text === 'ge' || text === 'gt' || text === 'le' || text === 'lt';
}

/** `gt 5` is `6:`; an operator does not touch what is a range already. */
export function parseCompared(operator: Operator, text: string): Range | undefined {
  if (operator === 'eq' || /[:-]/.test(text)) return parseRange(text);
  const value = parseInteger(text);
  if (value === undefined) return undefined;
  switch (operator) {
    case 'ge':
      return { min: value, max: HIGHEST };
    case 'gt':
      return { min: next(value, 1), max: HIGHEST };
    case 'le':
      return { min: LOWEST, max: value };
    case 'lt':
      return { min: LOWEST, max: next(value, -1) };
  }
}

function next(value: Integer, step: 1 | -1): Integer {
  return typeof value === 'number' ? value + step : value + BigInt(step);
}

const INT64_MAX = 0x7fff_ffff_ffff_ffffn;

/** A whole word that is a 64-bit integer. */
export function parseInteger(text: string): Integer | undefined {
  if (!/^[+-]?\d{1,20}$/.test(text)) return undefined;
  const value = Number(text);
  if (Number.isSafeInteger(value)) return value;
  const big = BigInt(text.replace('+', ''));
  return big > INT64_MAX || big < -INT64_MAX - 1n ? undefined : big;
}

/** `1.2` as one number, 1<<16|2: for versions. */
export function parseDotted(text: string): Range | undefined {
  const found = /^(?:(\d+)(?:\.(\d+))?)?([:-])?(?:(\d+)(?:\.(\d+))?)?$/.exec(text);
  if (found === null || (found[1] === undefined && found[4] === undefined)) return undefined;
  const low = found[1] === undefined ? LOWEST : dotted(found[1], found[2]);
  if (found[3] === undefined) return { min: low, max: low };
  const high = found[4] === undefined ? HIGHEST : dotted(found[4], found[5]);
  return low > high ? undefined : { min: low, max: high };
}

function dotted(major: string, minor: string | undefined): number {
  return Number(major) * 65536 + Number(minor ?? 0);
}

/** True when the value lies in one of <ranges>, of which there is at least one. */
export function matchRanges(ranges: readonly Range[]): (value: Integer) => boolean {
  const first = ranges[0] as Range;
  if (ranges.length === 1) {
    const { min, max } = first;
    return (value) => value >= min && value <= max;
  }
  return (value) => {
    for (let i = 0; i < ranges.length; i++) {
      const range = ranges[i] as Range;
      if (value >= range.min && value <= range.max) return true;
    }
    return false;
  };
}
