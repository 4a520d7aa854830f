/** Dates as strftime(3) writes them in the C locale, with `%N` (nanoseconds, `%3N` milliseconds) as date(1) has it. A format is
 * compiled once into a list of parts; a date is then one walk over them.
 */

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

/** The fields of a date, broken down in one zone. */
export interface BrokenDate {
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly year: number;
  /** 0 to 11. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** 0 Sunday. */
  readonly weekday: number;
  /** 0 to 365. */
  readonly yearday: number;
  readonly offsetMinutes: number;
  readonly zone: string;
}

/** <seconds> since 1970 in calendar parts, local or UTC. */
export function breakDate(seconds: number, nanoseconds: number, isLocal: boolean): BrokenDate {
  const real = new Date(seconds * 1000);
  const offsetMinutes = isLocal ? -real.getTimezoneOffset() : 0;
  const date = new Date((seconds + offsetMinutes * 60) * 1000);
  const year = date.getUTCFullYear();
  return {
    seconds,
    nanoseconds,
    year,
    month: date.getUTCMonth(),
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    weekday: date.getUTCDay(),
    yearday: Math.floor((date.getTime() - Date.UTC(year, 0, 1)) / 86_400_000),
    offsetMinutes,
    zone: isLocal ? localZone(real) : 'GMT',
  };
}

function localZone(date: Date): string {
  const name = /\(([^)]*)\)/.exec(date.toString())?.[1] ?? 'UTC';
  if (name === 'Coordinated Universal Time') return 'UTC';
  return name.includes(' ') ? [...name.matchAll(/\b[A-Z]/g)].join('') : name;
}

function two(value: number, pad = '0'): string {
  return String(value).padStart(2, pad);
}

/** `+0100`. */
export function zoneOffset(offsetMinutes: number): string {
  const minutes = Math.abs(offsetMinutes);
  return `${offsetMinutes < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}${two(minutes % 60)}`;
}

/** ISO 8601 week and the year it belongs to. */
function isoWeek(date: BrokenDate): { year: number; week: number } {
  const day = (date.weekday + 6) % 7;
  const week = Math.floor((date.yearday - day + 10) / 7);
  if (week < 1) return { year: date.year - 1, week: weeksIn(date.year - 1) };
  if (week > weeksIn(date.year)) return { year: date.year + 1, week: 1 };
  return { year: date.year, week };
}

function weeksIn(year: number): number {
  const january = new Date(Date.UTC(year, 0, 1)).getUTCDay();
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return january === 4 || (isLeap && january === 3) ? 53 : 52;
}

type Part = (date: BrokenDate) => string;

const hour12 = (date: BrokenDate): number => (date.hour % 12 === 0 ? 12 : date.hour % 12);

const PARTS: { readonly [letter: string]: Part | string | undefined } = {
  a: (d) => (DAYS[d.weekday] as string).slice(0, 3),
  A: (d) => DAYS[d.weekday] as string,
  b: (d) => (MONTHS[d.month] as string).slice(0, 3),
  h: '%b',
  B: (d) => MONTHS[d.month] as string,
  c: '%a %b %e %H:%M:%S %Y',
  C: (d) => two(Math.floor(d.year / 100)),
  d: (d) => two(d.day),
  D: '%m/%d/%y',
  e: (d) => two(d.day, ' '),
  F: '%Y-%m-%d',
  g: (d) => two(isoWeek(d).year % 100),
  G: (d) => String(isoWeek(d).year),
  H: (d) => two(d.hour),
  I: (d) => two(hour12(d)),
  j: (d) => String(d.yearday + 1).padStart(3, '0'),
  k: (d) => two(d.hour, ' '),
  l: (d) => two(hour12(d), ' '),
  m: (d) => two(d.month + 1),
  M: (d) => two(d.minute),
  n: () => '\n',
  p: (d) => (d.hour < 12 ? 'AM' : 'PM'),
  P: (d) => (d.hour < 12 ? 'am' : 'pm'),
  r: '%I:%M:%S %p',
  R: '%H:%M',
  s: (d) => String(d.seconds),
  S: (d) => two(d.second),
  t: () => '\t',
  T: '%H:%M:%S',
  u: (d) => String(d.weekday === 0 ? 7 : d.weekday),
  U: (d) => two(Math.floor((d.yearday + 7 - d.weekday) / 7)),
  V: (d) => two(isoWeek(d).week),
  w: (d) => String(d.weekday),
  W: (d) => two(Math.floor((d.yearday + 7 - ((d.weekday + 6) % 7)) / 7)),
  x: '%m/%d/%y',
  X: '%H:%M:%S',
  y: (d) => two(d.year % 100),
  Y: (d) => String(d.year),
  z: (d) => zoneOffset(d.offsetMinutes),
  Z: (d) => d.zone,
  '%': () => '%',
};

const compiled = new Map<string, readonly Part[]>();
/** Formats kept compiled; they come from the configuration. */
const FORMATS_MAX = 1024;

function compile(format: string): readonly Part[] {
  const known = compiled.get(format);
  if (known !== undefined) return known;
  const parts: Part[] = [];
  for (const found of format.matchAll(/%(\d*)N|%[EO]?([a-zA-Z%])|[^%]+|%/g)) {
    const piece = PARTS[found[2] ?? ''];
    if (found[1] !== undefined) {
      const width = found[1] === '' ? 9 : Math.min(9, Number(found[1]));
      parts.push((date) => String(date.nanoseconds).padStart(9, '0').slice(0, width));
    } else if (typeof piece === 'string') parts.push(...compile(piece));
    else parts.push(piece ?? (() => found[0]));
  }
  if (compiled.size < FORMATS_MAX) compiled.set(format, parts);
  return parts;
}

/** The conversions of strftime(3) in the C locale; unknown ones stay as written. */
export function strftime(format: string, date: BrokenDate): string {
  const parts = compile(format);
  let out = '';
  for (let i = 0; i < parts.length; i++) out += (parts[i] as Part)(date);
  return out;
}
