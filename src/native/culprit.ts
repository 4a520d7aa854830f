/** Who did it: the thread, the call and the stream that were at work, out of a flight recorder and what a core or the master says of
 * the death. The process's own verdict is used when its handler came that far; else the same sentence is made here. Pure.
 */
import type { FlightRecord, StreamRecord, ThreadRecord } from './record.ts';
import * as layout from './record-layout.ts';
import { addressText, grouped, printable, signalName, wordOf } from './record-words.ts';

/** A fault so far behind a buffer still is an overrun of that buffer. */
const OVERRUN_MAX_BYTES = 65_536n;

/** The signal that ended a process, as far as it is known. */
export interface DeathSignal {
  readonly number: number;
  /** si_code: above 0 the kernel saw a fault, else somebody sent it. */
  readonly code: number;
  /** si_addr of a fault. */
  readonly address: bigint;
}

export interface StreamFacts {
  readonly id: number;
  readonly thread: number;
  readonly state: string;
  readonly request: string;
  readonly host: string;
  readonly client: string;
  readonly frontend: string;
  readonly backend: string;
  readonly server: string;
  readonly status: number;
  readonly ageMs: number;
  /** `gzip/fast`; empty without. */
  readonly encoder: string;
  readonly encoderIn: number;
  readonly encoderOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export interface Culprit {
  /** Index of the engine's thread, -1 when the death was in none of them. */
  readonly thread: number;
  /** `slz_encode`; empty when no such call was under way. */
  readonly call: string;
  readonly stream: StreamFacts | undefined;
}

export function streamFacts(record: FlightRecord, thread: number, stream: StreamRecord): StreamFacts {
  const isEncoded = stream.encoder_format !== layout.RECORD_FORMAT_NONE;
  const format = wordOf('RECORD_FORMAT_', stream.encoder_format);
  return {
    id: stream.index,
    thread,
    state: wordOf('RECORD_ST_', stream.state),
    request: printable(stream.line),
    host: printable(stream.host),
    client: addressText(stream.addr, stream.addr_len),
    frontend: printable(record.name('proxy', stream.frontend) ?? ''),
    backend: printable(record.name('proxy', stream.backend) ?? ''),
    server: printable(record.name('server', stream.server) ?? ''),
    status: stream.status,
    ageMs: Math.max(0, record.head.now_mono_ms - stream.accept_ms),
    encoder: isEncoded ? `${format}/${wordOf('RECORD_MODE_', stream.encoder_mode)}` : '',
    encoderIn: stream.encoder_in,
    encoderOut: stream.encoder_out,
    bytesIn: stream.bytes_in,
    bytesOut: stream.bytes_out,
  };
}

/** The engine's thread with <tid>; the only one that is in a turn when the core names none of them. */
function threadAt(record: FlightRecord, tid: number): number {
  const threads = Array.from({ length: record.head.nthreads }, (_, i) => record.thread(i));
  const named = threads.findIndex((one) => one !== undefined && one.tid === tid && one.engine !== 0);
  if (named >= 0 || tid !== 0) return named;
  const busy = threads.flatMap((one, i) =>
    one !== undefined && one.at >= layout.RECORD_AT_ENGINE ? [i] : [],
  );
  return busy.length === 1 ? (busy[0] ?? -1) : -1;
}

function streamAt(record: FlightRecord, index: number, thread: ThreadRecord): StreamRecord | undefined {
  return thread.at === layout.RECORD_AT_POLICY
    ? record.stream(index, thread.policy_stream, thread.policy_gen)
    : record.stream(index, thread.stream, thread.stream_gen);
}

/** <tid>: of the thread that died, 0 when nobody knows. */
export function findCulprit(record: FlightRecord, tid: number): Culprit {
  const { death } = record.head;
  const isDead = death.stage >= layout.RECORD_DYING && death.stage < layout.RECORD_ENDED;
  const index = isDead && death.thread !== layout.RECORD_NONE ? death.thread : threadAt(record, tid);
  const thread = record.thread(index);
  if (thread === undefined) return { thread: -1, call: '', stream: undefined };
  const call = isDead ? death.call : thread.call;
  // Of a thread that is gone with its engine only the report knew whom it was at work for.
  const stream = streamAt(record, index, thread) ?? (isDead ? record.slot(death.slot) : undefined);
  return {
    thread: index,
    call: call === layout.RECORD_CALL_NONE ? '' : wordOf('RECORD_CALL_', call).replaceAll(' ', '_'),
    stream: stream === undefined ? undefined : streamFacts(record, index, stream),
  };
}

function bytes(count: bigint): string {
  return count === 1n ? '1 byte' : `${grouped(Number(count))} bytes`;
}

/** Where the faulting address lies beside the buffers of the call. */
function accessText(thread: ThreadRecord | undefined, address: bigint): string {
  if (thread === undefined || thread.call === layout.RECORD_CALL_NONE) {
    return address < 4096n ? ' through a null pointer' : ` at address 0x${address.toString(16)}`;
  }
  const pastOutput = address - (thread.call_out + BigInt(thread.call_out_len));
  if (pastOutput >= 0n && pastOutput < OVERRUN_MAX_BYTES)
    return `, writing ${bytes(pastOutput + 1n)} past the output`;
  const pastInput = address - (thread.call_in + BigInt(thread.call_in_len));
  if (pastInput >= 0n && pastInput < OVERRUN_MAX_BYTES)
    return `, reading ${bytes(pastInput + 1n)} past the input`;
  return address < 4096n ? ' through a null pointer' : ` at address 0x${address.toString(16)}`;
}

function streamText(stream: StreamFacts | undefined): string {
  if (stream === undefined) return ', while no stream was at work';
  const encoder =
    stream.encoder === '' ? '' : `, encoder ${stream.encoder} after ${grouped(stream.encoderIn)} B in`;
  const server = stream.server === '' ? '' : `, server ${stream.server}`;
  const backend = stream.backend === '' ? '' : `, backend ${stream.backend}`;
  return ` of stream ${stream.id}: "${stream.request}", frontend ${stream.frontend}${backend}${server}${encoder}`;
}

/** The first line of a post-mortem. */
export function verdictOf(record: FlightRecord, culprit: Culprit, signal: DeathSignal | undefined): string {
  const { death } = record.head;
  if (death.stage >= layout.RECORD_DYING && death.verdict !== '') return printable(death.verdict);
  const thread = record.thread(culprit.thread);
  const name = signal === undefined ? 'Died without a word' : signalName(signal.number);
  const where = culprit.call === '' ? whereOf(thread) : ` in ${culprit.call}`;
  const isSent = signal !== undefined && signal.code <= 0;
  const access =
    signal === undefined ? '' : isSent ? ' (sent by a process)' : accessText(thread, signal.address);
  return `${name}${where}${access}${streamText(culprit.stream)}`;
}

function whereOf(thread: ThreadRecord | undefined): string {
  if (thread === undefined) return ' outside of the engine';
  if (thread.at <= layout.RECORD_AT_REST) return ' while its thread was at rest';
  return thread.at === layout.RECORD_AT_POLICY ? ' in policy (JavaScript)' : ' in the engine';
}
