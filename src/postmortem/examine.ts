/** One death, or one live process, looked at: everything a post-mortem says, as data. Reads files and /proc, changes nothing.
 */

import {
  type Culprit,
  type DeathSignal,
  findCulprit,
  type StreamFacts,
  streamFacts,
  verdictOf,
} from '../native/culprit.ts';
import type { EventRecord, FlightRecord, HeadRecord } from '../native/record.ts';
import * as layout from '../native/record-layout.ts';
import { hexOf, wordOf } from '../native/record-words.ts';
import { buildIdOf } from './build-id.ts';
import { ElfCore } from './elf-core.ts';
import { findInCore, findInProcess } from './find-record.ts';
import type { Module } from './frame-names.ts';

/** Shown of each list, the rest is counted. */
const STREAMS_SHOWN = 20;
const EVENTS_SHOWN = 16;

export interface EventFacts {
  /** Before the end, at or below 0. */
  readonly ms: number;
  readonly kind: string;
  readonly stream: number | undefined;
  readonly values: readonly number[];
}

export interface Examination {
  readonly subject: string;
  readonly kind: 'core' | 'process' | 'report';
  readonly verdict: string;
  readonly culprit: Culprit | undefined;
  readonly pid: number;
  readonly generation: number;
  readonly version: string;
  readonly runtimeVersion: string;
  readonly config: string;
  readonly startedMs: number;
  /** 0 when it lives, or nobody knows. */
  readonly diedMs: number;
  /** What the process itself had to say: the assertion, the buffer, the JavaScript stack. */
  readonly text: string;
  readonly report: string;
  readonly streams: readonly StreamFacts[];
  readonly streamCount: number;
  readonly events: readonly EventFacts[];
  /** What does not fit together, as sentences. */
  readonly warnings: readonly string[];
  /** Filled by the debugger. */
  stack: readonly string[];
  /** What a report says was loaded, by which its frames get names. */
  readonly modules?: readonly Module[];
  /** For the debugger: where the record lies in the process, and the program's file. */
  readonly recordAddress: number;
  readonly program: string;
}

function eventFacts(record: FlightRecord, event: EventRecord): EventFacts {
  return {
    ms: Math.min(0, event.mono_ms - record.head.now_mono_ms),
    kind: wordOf('RECORD_EV_', event.kind),
    stream: event.stream === layout.RECORD_NONE ? undefined : event.stream,
    values: [event.a, event.b, event.c],
  };
}

interface Origin {
  readonly subject: string;
  readonly kind: Examination['kind'];
  readonly address: number;
  readonly program: string;
  readonly tid: number;
  readonly signal: DeathSignal | undefined;
  readonly warnings: string[];
}

/** When it died, or was last seen at work; 0 when nobody knows. */
function diedMs({ death, start_wall_ms, start_mono_ms, now_mono_ms }: HeadRecord): number {
  if (death.wall_ms > 0) return death.wall_ms;
  return now_mono_ms > 0 && start_mono_ms > 0 ? start_wall_ms + now_mono_ms - start_mono_ms : 0;
}

function examineRecord(record: FlightRecord, origin: Origin): Examination {
  const { head } = record;
  const culprit = findCulprit(record, origin.tid);
  const streams = record.liveStreams();
  const thread = Math.max(0, culprit.thread);
  const isLive = origin.kind === 'process';
  return {
    subject: origin.subject,
    kind: origin.kind,
    verdict: isLive ? `process ${head.pid} lives` : verdictOf(record, culprit, origin.signal),
    culprit: isLive ? undefined : culprit,
    pid: head.pid,
    generation: head.generation,
    version: head.version_text,
    runtimeVersion: head.node_version,
    config: head.config,
    startedMs: head.start_wall_ms,
    diedMs: isLive ? 0 : diedMs(head),
    text: head.death.text,
    report: head.death.report,
    streams: streams.slice(0, STREAMS_SHOWN).map(({ thread: at, stream }) => streamFacts(record, at, stream)),
    streamCount: streams.length,
    events: record
      .events(thread)
      .slice(-EVENTS_SHOWN)
      .map((event) => eventFacts(record, event)),
    warnings: origin.warnings,
    stack: [],
    recordAddress: origin.address,
    program: origin.program,
  };
}

/** The file of the program that ran, as the core names it. */
function programOf(core: ElfCore): string {
  const own = core.files.find(({ path }) => /(^|\/)(node|nodejs|sluice)$/.test(path));
  return own?.path ?? core.files[0]?.path ?? '';
}

function compareBuilds(record: FlightRecord, core: ElfCore): string[] {
  const { node_id, node_id_len, addon_id, addon_id_len } = record.head;
  const addon = core.files.find(({ path }) => path.endsWith('.node'))?.path ?? '';
  const pairs: [string, string][] = [
    [programOf(core), hexOf(node_id, node_id_len)],
    [addon, hexOf(addon_id, addon_id_len)],
  ];
  return pairs.flatMap(([path, wanted]) => {
    if (path === '' || wanted === '') return [];
    const found = buildIdOf(path);
    if (found === wanted) return [];
    const what = found === '' ? 'is not here' : `is another build here (${found.slice(0, 12)})`;
    return [
      `${path} ${what}; the core wants ${wanted.slice(0, 12)}: names and lines of the stack may be wrong`,
    ];
  });
}

/** Of a core file, or a sentence. */
export function examineCore(path: string): Examination | string {
  const core = ElfCore.open(path);
  if (typeof core === 'string') return core;
  try {
    const found = findInCore(core);
    if (typeof found === 'string') return `${path}: ${found}`;
    const warnings = compareBuilds(found.record, core);
    if (core.missingBytes > 0) {
      warnings.push(
        `the core is cut: ${core.missingBytes} bytes are missing at its end (disk full, or a limit)`,
      );
    }
    return examineRecord(found.record, {
      subject: path,
      kind: 'core',
      address: found.address,
      program: programOf(core),
      tid: core.threads[0]?.tid ?? 0,
      signal: core.signal,
      warnings,
    });
  } finally {
    core.close();
  }
}

/** Of a process that lives and goes on, or a sentence. */
export function examineProcess(pid: number): Examination | string {
  const found = findInProcess(pid);
  if (typeof found === 'string') return found;
  const facts = {
    address: found.address,
    program: `/proc/${pid}/exe`,
    tid: 0,
    signal: undefined,
    warnings: [],
  };
  return examineRecord(found.record, { subject: String(pid), kind: 'process', ...facts });
}
