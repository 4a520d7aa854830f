/** Who killed a worker, read from the flight recorder whose memory it gave its master. The one who wrote it is dead, often of writing
 * where it must not: nothing in there is believed, nothing is longer than a bound, and what cannot be read is no reason to do less.
 */
import { fstatSync, readSync } from 'node:fs';
import { findCulprit, type StreamFacts, streamFacts, verdictOf } from '../../native/culprit.ts';
import { FlightRecord } from '../../native/record.ts';
import * as layout from '../../native/record-layout.ts';
import { grouped, printable, signalName } from '../../native/record-words.ts';

export interface Attribution {
  /** Its report's first line; of one who could leave none, what was at work. */
  readonly sentence: string;
  /** SIGSEGV; or what JavaScript died of. */
  readonly signal: string;
  /** The proxy whose stream did it, as far as its name is kept; '' when none did. */
  readonly proxy: string;
  /** The encoder did it, on that proxy's behalf. */
  readonly isEncoder: boolean;
  /** Where the report is; '' without one. */
  readonly report: string;
  /** It was dying when this was read: others may end in order. */
  readonly isDeath: boolean;
}

/** Characters of a sentence. */
export const SENTENCE_MAX_CHARS = 1024;
/** Streams that are named when nobody knows which one did it. */
const AT_WORK_MAX = 3;
/** si_code of a signal that a process has sent by kill(2). */
const SI_USER = 0;
/** What a worker reports itself, as long as there is a stack left to do it on. */
const OWN_SIGNALS: readonly string[] = ['SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGABRT'];
const ENCODER_CALLS: readonly number[] = [
  layout.RECORD_CALL_SLZ_ENCODE,
  layout.RECORD_CALL_SLZ_FLUSH,
  layout.RECORD_CALL_SLZ_FINISH,
];
const SCRIPT_CAUSES: Readonly<Record<number, string>> = {
  [layout.RECORD_CAUSE_EXCEPTION]: 'exception',
  [layout.RECORD_CAUSE_HEAP]: 'heap',
  [layout.RECORD_CAUSE_STUCK]: 'stuck',
};

/** The record in <fd>, undefined when there is none to be read. */
export function readRecord(fd: number): FlightRecord | undefined {
  if (fd < 0) return undefined;
  try {
    const { size } = fstatSync(fd);
    const bytes = Buffer.allocUnsafeSlow(Math.min(size, layout.RECORD_LEN_MAX));
    let length = 0;
    while (length < bytes.length) {
      // By its place: a pipe or socket refuses that at once, where a plain read would wait.
      const count = readSync(fd, bytes, length, bytes.length - length, length);
      if (count === 0) break;
      length += count;
    }
    const record = FlightRecord.read(bytes.subarray(0, length));
    return typeof record === 'string' ? undefined : record;
  } catch {
    return undefined;
  }
}

function streamText({ request, frontend, backend, server, encoder, encoderIn }: StreamFacts): string {
  const named = [
    ['frontend', frontend],
    ['backend', backend],
    ['server', server],
  ].map(([what, name]) => (name === '' ? '' : `, ${what} ${name}`));
  const encoding = encoder === '' ? '' : `, encoder ${encoder} after ${grouped(encoderIn)} B in`;
  return `"${request}"${named.join('')}${encoding}`;
}

/** Streams that threads had in their hands. */
function atWork(record: FlightRecord): StreamFacts[] {
  const found: StreamFacts[] = [];
  for (let index = 0; index < record.head.nthreads && found.length < AT_WORK_MAX; index++) {
    const thread = record.thread(index);
    if (thread === undefined || thread.at < layout.RECORD_AT_ENGINE) continue;
    const isPolicy = thread.at === layout.RECORD_AT_POLICY;
    const stream = isPolicy
      ? record.stream(index, thread.policy_stream, thread.policy_gen)
      : record.stream(index, thread.stream, thread.stream_gen);
    if (stream !== undefined) found.push(streamFacts(record, index, stream));
  }
  return found;
}

/** Of a signal that leaves a process no time for a word. */
function outsideText(record: FlightRecord, signal: string): string {
  const live = record.liveStreams();
  const busy = atWork(record);
  const named =
    busy.length > 0 ? busy : live.slice(0, 1).map((one) => streamFacts(record, one.thread, one.stream));
  const what = busy.length > 0 ? 'at work' : 'the oldest';
  const shown = named.length === 0 ? '' : `, ${what}: ${named.map(streamText).join(' and ')}`;
  const unsaid = OWN_SIGNALS.includes(signal) ? 'of which it could say nothing itself' : 'sent by a process';
  const from = signal === 'SIGKILL' ? 'sent by a process, or by the kernel for want of memory' : unsaid;
  return `${signal}, ${from}; streams under way: ${live.length}${shown}`;
}

function isEncoderDeath({ death }: FlightRecord['head']): boolean {
  const isSent =
    death.code === SI_USER || (death.cause === layout.RECORD_CAUSE_SIGNAL && death.code < SI_USER);
  const byCanary = death.cause === layout.RECORD_CAUSE_CANARY && death.text.startsWith('slz_');
  return byCanary || (!isSent && ENCODER_CALLS.includes(death.call));
}

function ofRecord(record: FlightRecord): Attribution {
  const { death } = record.head;
  const culprit = findCulprit(record, 0);
  const { stream } = culprit;
  const signal = { number: death.signal, code: death.code, address: death.address };
  return {
    sentence: verdictOf(record, culprit, signal).slice(0, SENTENCE_MAX_CHARS),
    signal: SCRIPT_CAUSES[death.cause] ?? signalName(death.signal),
    proxy: stream?.backend || stream?.frontend || '',
    isEncoder: stream !== undefined && isEncoderDeath(record.head),
    report: printable(death.report).slice(0, SENTENCE_MAX_CHARS),
    isDeath: true,
  };
}

/** <status>: how its process ended, -1 while that is not known. */
export function attribute(record: FlightRecord | undefined, status: number): Attribution {
  const stage = record?.head.death.stage ?? layout.RECORD_LIVES;
  if (record !== undefined && stage >= layout.RECORD_DYING && stage < layout.RECORD_ENDED)
    return ofRecord(record);
  const isKilled = status > 128;
  const signal = isKilled ? signalName(status - 128) : '';
  return {
    sentence:
      isKilled && record !== undefined ? outsideText(record, signal).slice(0, SENTENCE_MAX_CHARS) : '',
    signal,
    proxy: '',
    isEncoder: false,
    report: '',
    isDeath: isKilled,
  };
}
