/** Converters of dates: seconds, milliseconds or microseconds since 1970 to text. `ltime` and its relatives write the local time, `utime`
 * and its relatives UTC; the optional offset is in the input's unit.
 */
import { converter } from '../declare.ts';
import { addIntegers, type Integer } from '../integer.ts';
import { breakDate, strftime } from '../strftime.ts';

function split(value: Integer, perSecond: number): { seconds: number; nanoseconds: number } {
  const number = Number(value);
  const seconds = Math.floor(number / perSecond);
  return { seconds, nanoseconds: (number - seconds * perSecond) * (1e9 / perSecond) };
}

function dateConverter(name: string, perSecond: number, isLocal: boolean) {
  return converter({
    name,
    args: ['str', 'sint?'],
    input: 'sint',
    output: 'str',
    convert: (value, [format, offset]) => {
      const { seconds, nanoseconds } = split(
        offset === undefined ? value : addIntegers(value, offset),
        perSecond,
      );
      // Beyond what a Date holds there is no calendar.
      if (Math.abs(seconds) > 8_640_000_000_000) return undefined;
      return strftime(format, breakDate(seconds, nanoseconds, isLocal));
    },
  });
}

const UNITS: { readonly [unit: string]: number | undefined } = { s: 1, ms: 1000, us: 1_000_000 };

export const dateConverters = [
  dateConverter('ltime', 1, true),
  dateConverter('ms_ltime', 1000, true),
  dateConverter('us_ltime', 1_000_000, true),
  dateConverter('utime', 1, false),
  dateConverter('ms_utime', 1000, false),
  dateConverter('us_utime', 1_000_000, false),
  converter({
    name: 'http_date',
    args: ['sint?', 'str?'],
    input: 'sint',
    output: 'str',
    check: ([, unit]) =>
      unit !== undefined && unit !== '' && UNITS[unit] === undefined
        ? `expects 's', 'ms' or 'us', got '${unit}'`
        : undefined,
    convert: (value, [offset, unit]) => {
      const perSecond = UNITS[unit ?? 's'] ?? 1;
      const shifted = Number(offset === undefined ? value : addIntegers(value, offset));
      const seconds = Math.trunc(shifted / perSecond);
      if (seconds > 8_640_000_000_000) return undefined;
      const date = breakDate(Math.abs(seconds), 0, false);
      // The fraction is not padded, as in HAProxy.
      const fraction = perSecond === 1 ? '' : `.${shifted % perSecond}`;
      return strftime(`%a, %d %b %Y %T${fraction} GMT`, date);
    },
  }),
];
