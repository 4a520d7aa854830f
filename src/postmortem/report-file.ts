/** The report that a dying worker wrote (native/crash/report.c), read back: what remains when no core was written. Lines of text,
 * `name: value` above, parts with a name in brackets below; any of it may be cut or altered. Pure but for reading the file.
 */
import type { Culprit, StreamFacts } from '../native/culprit.ts';
import * as layout from '../native/record-layout.ts';
import { printable, wordOf } from '../native/record-words.ts';
import type { EventFacts, Examination } from './examine.ts';
import { modulesOf } from './frame-names.ts';
import { RandomAccess } from './random-access.ts';

/** Report and maps of the largest worker have a tenth of it. */
const REPORT_MAX_BYTES = 4 * 1024 * 1024;
/** Above its first part every report says this. */
const MARK = /\nreport: (\d{1,9})\n/;
const HEAD_BYTES = 4096;
const STREAMS_SHOWN = 20;
const EVENTS_SHOWN = 16;
const FRAMES_SHOWN = 64;

const STREAM =
  /^([* ]) (\d+)\/(\d+) state (\d+) client (\S+) age-ms (-?\d+) in (\d+) out (\d+) host "([^"]*)" "(.*)"(?:, frontend ([^,"]+))?(?:, backend ([^,"]+))?(?:, server ([^,"]+))?(?:, encoder ([^ ,"]+) after ([\d,]+) B in)?$/;
const EVENT = /^(\d+) (-?\d+)ms ([a-z?]+) stream (-?\d+) (-?\d+) (-?\d+) (-?\d+)$/;

/** The parts of <text> by name; what is above the first has none. */
function partsOf(text: string): Map<string, string[]> {
  const parts = new Map<string, string[]>();
  let lines: string[] = [];
  parts.set('', lines);
  for (const line of text.split('\n')) {
    const name = /^\[([a-z]{1,20})\]$/.exec(line)?.[1];
    if (name === undefined || parts.has(name)) lines.push(line);
    else {
      lines = [];
      parts.set(name, lines);
    }
  }
  return parts;
}

function valuesOf(lines: readonly string[]): Map<string, string> {
  return new Map(
    lines.flatMap((line) => {
      const found = /^([a-z-]{1,40}): (.*)$/.exec(line);
      return found === null ? [] : [[found[1] as string, found[2] as string]];
    }),
  );
}

function streamOf(line: string): (StreamFacts & { readonly isAtWork: boolean }) | undefined {
  const found = STREAM.exec(line);
  if (found === null) return undefined;
  const [, mark, thread, id, state, client, age, bytesIn, bytesOut, host, request] = found;
  const [frontend, backend, server, encoder, encoded] = found.slice(11);
  return {
    isAtWork: mark === '*',
    id: Number(id),
    thread: Number(thread),
    state: wordOf('RECORD_ST_', Number(state)),
    request: request ?? '',
    host: host ?? '',
    client: client ?? '',
    frontend: frontend ?? '',
    backend: backend ?? '',
    server: server ?? '',
    status: 0,
    ageMs: Math.max(0, Number(age)),
    encoder: encoder ?? '',
    encoderIn: Number((encoded ?? '0').replaceAll(',', '')),
    encoderOut: 0,
    bytesIn: Number(bytesIn),
    bytesOut: Number(bytesOut),
  };
}

function eventsOf(lines: readonly string[], thread: number): EventFacts[] {
  return lines.flatMap((line) => {
    const [, at, ms, kind = '', stream, ...values] = EVENT.exec(line) ?? [];
    if (at === undefined || Number(at) !== thread) return [];
    const id = Number(stream) < 0 ? undefined : Number(stream);
    return [{ ms: Math.min(0, Number(ms)), kind, stream: id, values: values.map(Number) }];
  });
}

/** The call that thread <index> was in. */
function callOf(lines: readonly string[], index: number): string {
  const at = lines.indexOf(`thread: ${index}`);
  const call = at < 0 ? undefined : lines.slice(at, at + 8).find((line) => line.startsWith('  call: '));
  const number = Number(call?.slice(8) ?? layout.RECORD_CALL_NONE);
  return number === layout.RECORD_CALL_NONE ? '' : wordOf('RECORD_CALL_', number).replaceAll(' ', '_');
}

function textOf(path: string): string {
  const file = new RandomAccess(path);
  try {
    const lines = file.read(0, REPORT_MAX_BYTES).toString('latin1').split('\n');
    return lines.map(printable).join('\n');
  } finally {
    file.close();
  }
}

/** Whether <path> begins as a report does; false as well when it cannot be read. */
export function isReport(path: string): boolean {
  try {
    const file = new RandomAccess(path);
    try {
      return MARK.test(file.read(0, HEAD_BYTES).toString('latin1'));
    } finally {
      file.close();
    }
  } catch {
    return false;
  }
}

function culpritOf(parts: Map<string, string[]>, thread: number): Culprit {
  const streams = (parts.get('streams') ?? []).map(streamOf);
  const own = streams.find((stream) => stream?.isAtWork);
  return { thread, call: callOf(parts.get('threads') ?? [], thread), stream: own };
}

/** Native frames, innermost first; then the functions of JavaScript among them, which the report has apart. */
function stackOf(parts: Map<string, string[]>): string[] {
  const linesOf = (name: string) =>
    (parts.get(name) ?? []).filter((line) => line !== '').slice(0, FRAMES_SHOWN);
  return [
    ...linesOf('stack').map((line, i) => `#${String(i).padEnd(3)} ${line}`),
    ...linesOf('javascript').map((line) => `[js] ${line}`),
  ];
}

function warningsOf(parts: Map<string, string[]>): string[] {
  const wanted = ['threads', 'streams', 'events', 'modules', 'limits', 'maps', 'end'];
  const absent = wanted.filter((name) => !parts.has(name));
  if (absent.length === 0) return [];
  return [
    `the report is cut: it has no ${absent.join(', no ')} (disk full, or the process died while it wrote)`,
  ];
}

/** Of a report, or a sentence. */
export function examineReport(path: string): Examination | string {
  const parts = partsOf(textOf(path));
  const [verdict = ''] = parts.get('') ?? [];
  const values = valuesOf(parts.get('') ?? []);
  const version = Number(values.get('report'));
  if (version !== layout.RECORD_VERSION) {
    return `${path}: its version is ${version}, this program reads ${layout.RECORD_VERSION}`;
  }
  const number = (name: string): number => Number(values.get(name) ?? 0) || 0;
  const thread = Number(values.get('thread') ?? -1);
  const streams = (parts.get('streams') ?? []).map(streamOf).filter((stream) => stream !== undefined);
  const live = Number(valuesOf(parts.get('streams') ?? []).get('live') ?? streams.length);
  const text = (parts.get('text') ?? []).join('\n').trim();
  return {
    subject: path,
    kind: 'report',
    verdict,
    culprit: culpritOf(parts, thread),
    pid: number('pid'),
    generation: number('generation'),
    version: values.get('version') ?? '',
    runtimeVersion: values.get('node') ?? '',
    config: values.get('configuration') ?? '',
    startedMs: number('time-ms') - number('uptime-ms'),
    diedMs: number('time-ms'),
    text,
    report: path,
    streams: streams.sort((a, b) => b.ageMs - a.ageMs).slice(0, STREAMS_SHOWN),
    streamCount: Math.max(streams.length, live),
    events: eventsOf(parts.get('events') ?? [], Math.max(0, thread)).slice(-EVENTS_SHOWN),
    warnings: warningsOf(parts),
    stack: stackOf(parts),
    modules: modulesOf(parts.get('modules') ?? []),
    recordAddress: 0,
    program: '',
  };
}
