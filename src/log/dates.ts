/** Hot path. Dates of log lines. A second's text is made once and kept: the lines of a busy proxy share it. Slots are few because the dates
 * of one moment (accept, request, now) lie within seconds of each other.
 */
import { type BrokenDate, breakDate, zoneOffset } from '../sample/strftime.ts';

const SLOTS = 8;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

/** A text per second, made by <make> when it is not among the last ones. */
class SecondTexts {
  private readonly seconds = new Float64Array(SLOTS).fill(-1);
  private readonly texts: string[] = new Array(SLOTS).fill('');
  private readonly make: (seconds: number) => string;

  constructor(make: (seconds: number) => string) {
    this.make = make;
  }

  get(seconds: number): string {
    const slot = seconds & (SLOTS - 1);
    if (this.seconds[slot] !== seconds) {
      this.seconds[slot] = seconds;
      this.texts[slot] = this.make(seconds);
    }
    return this.texts[slot] as string;
  }
}

function logText(date: BrokenDate): string {
  const time = `${two(date.hour)}:${two(date.minute)}:${two(date.second)}`;
  return `${two(date.day)}/${MONTHS[date.month]}/${date.year}:${time}`;
}

const local = new SecondTexts((seconds) => logText(breakDate(seconds, 0, true)));
const localZoned = new SecondTexts((seconds) => {
  const date = breakDate(seconds, 0, true);
  return `${logText(date)} ${zoneOffset(date.offsetMinutes)}`;
});
const utcZoned = new SecondTexts((seconds) => `${logText(breakDate(seconds, 0, false))} +0000`);

const rfc3164 = new SecondTexts((seconds) => {
  const date = breakDate(seconds, 0, true);
  const day = date.day < 10 ? ` ${date.day}` : String(date.day);
  return `${MONTHS[date.month]} ${day} ${two(date.hour)}:${two(date.minute)}:${two(date.second)}`;
});

function isoText(seconds: number, fraction: string): string {
  const date = breakDate(seconds, 0, true);
  const zone = zoneOffset(date.offsetMinutes);
  const day = `${date.year}-${two(date.month + 1)}-${two(date.day)}`;
  const time = `${two(date.hour)}:${two(date.minute)}:${two(date.second)}`;
  return `${day}T${time}${fraction}${zone.slice(0, 3)}:${zone.slice(3)}`;
}

const iso = new SecondTexts((seconds) => isoText(seconds, ''));

/** Milliseconds or so, filled with zeros to three digits. */
export function three(value: number): string {
  if (value < 10) return `00${value}`;
  return value < 100 ? `0${value}` : String(value);
}

/** `21/Nov/2026:09:21:56` */
export function localDate(seconds: number): string {
  return local.get(seconds);
}

/** `21/Nov/2026:09:21:56.066` */
export function localMillis(seconds: number, ms: number): string {
  return `${local.get(seconds)}.${three(ms)}`;
}

/** `21/Nov/2026:09:21:56 +0100` */
export function localWithZone(seconds: number): string {
  return localZoned.get(seconds);
}

/** `21/Nov/2026:08:21:56 +0000` */
export function utcWithZone(seconds: number): string {
  return utcZoned.get(seconds);
}

/** `Nov  1 09:21:56` (RFC 3164 4.1.2) */
export function syslogDate(seconds: number): string {
  return rfc3164.get(seconds);
}

/** `2026-11-21T09:21:56+01:00` (RFC 5424 6.2.3) */
export function isoDate(seconds: number): string {
  return iso.get(seconds);
}
