/**
 * A log line of HAProxy taken apart, and the comparison of two. What depends on the run (the client's port, the date,
 * the process id) is checked by form; timers have a tolerance; every other field has to be the same text.
 */
import type { LogLine } from '../../tool/syslog-sink.ts';

export interface LogFields {
  format: 'http' | 'tcp' | 'connect' | 'other';
  level: number;
  client: string;
  frontend: string;
  server: string;
  timers: string[];
  status: string;
  bytes: string;
  cookies: string;
  state: string;
  counters: string;
  queues: string;
  captures: string;
  request: string;
}

/** Timers are compared with this much room, and with what the machine was late by: each program may be off by a few slices. */
export const TIMER_TOLERANCE_MS = 80;

const head = String.raw`(\d+\.\d+\.\d+\.\d+):(\d+) \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d\.\d{3}\] (\S+) (\S+)`;
const http = new RegExp(
  String.raw`^${head} (\S+) (-?\d+) (\+?\d+) (\S+ \S+) (\S{4}) (\S+) (\S+)((?: \{.*?\})*) "(.*)"$`,
);
const tcp = new RegExp(String.raw`^${head} (\S+) (\+?\d+) (\S\S) (\S+) (\S+)$`);
const connection = /^Connect from (\d+\.\d+\.\d+\.\d+):(\d+) to 127\.0\.0\.1:\d+ \((\S+)\/(HTTP|TCP)\)$/;

export function readLogLine(line: LogLine): LogFields {
  const blank = {
    level: line.level,
    client: '',
    frontend: '',
    server: '',
    timers: [],
    status: '',
    bytes: '',
  };
  const rest = { cookies: '', state: '', counters: '', queues: '', captures: '', request: '' };
  const text = line.text;
  let match = http.exec(text);
  if (match !== null) {
    const [, client = '', , frontend = '', server = '', timers = '', status = '', bytes = '', cookies = ''] =
      match;
    const [state = '', counters = '', queues = '', captures = '', request = ''] = match.slice(9);
    const fields = { client, frontend, server, timers: timers.split('/'), status, bytes, cookies };
    return {
      format: 'http',
      level: line.level,
      ...fields,
      state,
      counters,
      queues,
      captures: captures.trim(),
      request,
    };
  }
  match = tcp.exec(text);
  if (match !== null) {
    const [, client = '', , frontend = '', server = '', timers = '', bytes = ''] = match;
    const [state = '', counters = '', queues = ''] = match.slice(7);
    return {
      ...rest,
      format: 'tcp',
      level: line.level,
      client,
      frontend,
      server,
      timers: timers.split('/'),
      status: '',
      bytes,
      state,
      counters,
      queues,
    };
  }
  match = connection.exec(text);
  if (match !== null)
    return {
      ...blank,
      ...rest,
      format: 'connect',
      client: match[1]!,
      frontend: match[3]!,
      request: match[4]!,
    };
  return { ...blank, ...rest, format: 'other', request: text };
}

function timerFault(got: string, wanted: string, lateMs: number): boolean {
  if (/^\+?-1$|^-$/.test(wanted) || /^\+?-1$|^-$/.test(got)) return got !== wanted;
  if (got.startsWith('+') !== wanted.startsWith('+')) return true;
  return Math.abs(Number(got) - Number(wanted)) > TIMER_TOLERANCE_MS + lateMs;
}

/** The fields in which two lines differ, as sentences; empty when they agree. */
export function differences(got: LogFields, wanted: LogFields, lateMs: number): string[] {
  const faults: string[] = [];
  for (const name of Object.keys(wanted) as (keyof LogFields)[]) {
    if (name === 'timers') continue;
    if (String(got[name]) !== String(wanted[name]))
      faults.push(`${name} is ${got[name]}, not ${wanted[name]}`);
  }
  const timersDiffer =
    got.timers.length !== wanted.timers.length ||
    wanted.timers.some((timer, index) => timerFault(got.timers[index]!, timer, lateMs));
  if (timersDiffer) faults.push(`timers are ${got.timers.join('/')}, not ${wanted.timers.join('/')}`);
  return faults;
}

/** The same for all lines of a scenario, with their number. */
export function allDifferences(
  got: readonly LogFields[],
  wanted: readonly LogFields[],
  lateMs = 0,
): string[] {
  const faults = wanted.flatMap((line, index) => {
    const own = got[index];
    if (own === undefined) return [`line ${index + 1} is missing`];
    if (own.format === 'other') return [`line ${index + 1} is ${own.request}`];
    return differences(own, line, lateMs).map((fault) => `line ${index + 1}: ${fault}`);
  });
  if (got.length > wanted.length) faults.push(`there are ${got.length} lines, not ${wanted.length}`);
  return faults;
}
