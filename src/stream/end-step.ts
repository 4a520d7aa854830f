/** Hot path. The end of a stream: its figures go to the counters of frontend, backend, server and listener, its line to the logs.
 */
import { countMax, countMean, listenerRecord } from '../model/counter-slices.ts';
import * as count from '../model/counters.ts';
import * as abi from '../native/abi.ts';
import type { DataStream } from './data-stream.ts';
import { logStream } from './log-step.ts';
import type { Plane } from './plane.ts';

const TWO_TO_32 = 4294967296;
const HYPHEN = '-';

function termCharacter(code: number): string {
  return code === 0 ? HYPHEN : String.fromCharCode(code);
}

/** Policy's own word on why the stream ended, or else the engine's. */
function settleTermination(stream: DataStream, word: number): void {
  if (stream.termination !== '') return;
  stream.termination = word === 0 ? '--' : termCharacter(word & 0xff) + termCharacter((word >>> 8) & 0xff);
}

function responseColumn(status: number): number {
  const hundreds = (status / 100) | 0;
  return hundreds >= 1 && hundreds <= 5 ? count.COUNT_HRSP_1XX + hundreds - 1 : count.COUNT_HRSP_OTHER;
}

/** <sent>: bytes that went on to the client. What went to a server is what came in, when it got there. */
function countBytes(plane: Plane, record: number, bytesIn: number, bytesOut: number, sent: number): void {
  plane.count(record + count.COUNT_BIN, bytesIn);
  plane.count(record + count.COUNT_BOUT, bytesOut);
  plane.count(record + count.COUNT_RESBOUT, sent);
}

function countTime(plane: Plane, record: number, mean: number, max: number, ms: number): void {
  countMean(plane.counters, record + mean, ms);
  countMax(plane.counters, record + max, ms);
}

/** Milliseconds between two timers of the end event; -1 when the later one was not reached. */
function between(words: Uint32Array, from: number, to: number): number {
  const end = words[to] as number;
  const start = words[from] as number;
  return end === abi.NONE || start === abi.NONE ? -1 : end - start;
}

function countTimes(plane: Plane, record: number, words: Uint32Array, at: number): void {
  const queue = between(words, at + abi.X_T_REQUEST, at + abi.X_T_QUEUE);
  if (queue >= 0) countTime(plane, record, count.COUNT_QTIME, count.COUNT_QTIME_MAX, queue);
  const connect = between(words, at + abi.X_T_QUEUE, at + abi.X_T_CONNECT);
  if (connect >= 0) countTime(plane, record, count.COUNT_CTIME, count.COUNT_CTIME_MAX, connect);
  const data = between(words, at + abi.X_T_CONNECT, at + abi.X_T_DATA);
  if (data >= 0) countTime(plane, record, count.COUNT_RTIME, count.COUNT_RTIME_MAX, data);
  const total = between(words, at + abi.X_T_IDLE, at + abi.X_T_CLOSE);
  if (total >= 0) countTime(plane, record, count.COUNT_TTIME, count.COUNT_TTIME_MAX, total);
}

/** What the server itself answered, whatever became of it on the way; 0 = nothing. */
function serverStatus(stream: DataStream, words: Uint32Array, at: number): number {
  if (stream.serverStatus !== 0) return stream.serverStatus;
  const isLocal = ((words[at + abi.X_FLAGS] as number) & abi.XF_LOCAL) !== 0;
  return isLocal || stream.localStatus !== 0 ? 0 : (words[at + abi.X_STATUS] as number);
}

function countServerSide(
  plane: Plane,
  stream: DataStream,
  words: Uint32Array,
  at: number,
  column: number,
): void {
  const backend = stream.backendPlan.backendCounters;
  const server = stream.server;
  const isReused = ((words[at + abi.X_FLAGS] as number) & abi.XF_REUSED) !== 0;
  const wasConnected = (words[at + abi.X_T_CONNECT] as number) !== abi.NONE;
  const attempt = isReused ? count.COUNT_REUSE : count.COUNT_CONNECT;
  if (column >= 0) plane.count(backend + column, 1);
  if (wasConnected) plane.count(backend + attempt, 1);
  countTimes(plane, backend, words, at);
  if (server === undefined) return;
  const own = plane.serverCounters(server.index);
  const answered = serverStatus(stream, words, at);
  if (column >= 0 && answered !== 0) {
    plane.count(own + responseColumn(answered), 1);
    plane.count(own + count.COUNT_REQ_TOT, 1);
  }
  if (wasConnected) plane.count(own + attempt, 1);
  countTimes(plane, own, words, at);
}

/** Who broke off a transfer that was under way. */
function countAborts(plane: Plane, stream: DataStream): void {
  const when = stream.termination.charAt(1);
  if (when !== 'D' && when !== 'L') return;
  const who = stream.termination.charAt(0);
  const isClient = who === 'C' || who === 'c';
  if (!isClient && who !== 'S' && who !== 's') return;
  const counter = isClient ? count.COUNT_CLI_ABRT : count.COUNT_SRV_ABRT;
  plane.count(stream.frontendPlan.frontendCounters + counter, 1);
  plane.count(stream.backendPlan.backendCounters + counter, 1);
  if (stream.server !== undefined) plane.count(plane.serverCounters(stream.server.index) + counter, 1);
  if (who !== 'S') return;
  // An answer that was cut is an error of the server too.
  plane.count(stream.backendPlan.backendCounters + count.COUNT_ERESP, 1);
  if (stream.server !== undefined)
    plane.count(plane.serverCounters(stream.server.index) + count.COUNT_ERESP, 1);
}

function countCompression(plane: Plane, stream: DataStream, words: Uint32Array, at: number): void {
  // Bytes that were only wrapped count as bypassed, not as compressed.
  const bypassed = words[at + abi.X_COMP_BYP] as number;
  const given = (words[at + abi.X_COMP_IN] as number) - bypassed;
  const made = Math.max(0, (words[at + abi.X_COMP_OUT] as number) - bypassed);
  const front = stream.frontendPlan.frontendCounters;
  const back = stream.backendPlan.backendCounters;
  plane.count(front + count.COUNT_COMP_IN, given);
  plane.count(front + count.COUNT_COMP_OUT, made);
  plane.count(back + count.COUNT_COMP_IN, given);
  plane.count(back + count.COUNT_COMP_OUT, made);
  plane.count(front + count.COUNT_COMP_BYP, bypassed);
  plane.count(back + count.COUNT_COMP_BYP, bypassed);
}

/** HAProxy's timers are odd at times, and people who compare lines see it: a tarpitted request has no time of its own but was queued
 * all the while; one for which there is no backend, whose body does not come in time, or that a rule ends without an answer,
 * has no time either. Otherwise a request's time goes on while rules wait. */
function settleTimers(stream: DataStream, words: Uint32Array, at: number): void {
  if (stream.termination === 'PT') {
    words[at + abi.X_T_REQUEST] = abi.NONE;
    words[at + abi.X_T_QUEUE] = words[at + abi.X_T_CLOSE] as number;
  } else if (
    (stream.backend !== undefined && !stream.backend.isBackend && stream.termination === 'SC') ||
    stream.termination === 'cR' ||
    (stream.localStatus === -1 && stream.termination === 'PR' && stream.frontendPlan.isHttp)
  ) {
    words[at + abi.X_T_REQUEST] = abi.NONE;
  } else if (
    stream.requestWaitMs > 0 &&
    stream.frontendPlan.isHttp &&
    words[at + abi.X_T_REQUEST] !== abi.NONE
  ) {
    words[at + abi.X_T_REQUEST] = (words[at + abi.X_T_REQUEST] as number) + stream.requestWaitMs;
  }
}

/** Another server was chosen later on: what went before was time in the queue, as HAProxy counts it. */
function settleQueue(stream: DataStream, words: Uint32Array, at: number): void {
  const queued = (words[at + abi.X_T_CLOSE] as number) - (stream.engine.nowMs - stream.rechosenAtMs);
  words[at + abi.X_T_QUEUE] = Math.max(0, Math.min(queued, words[at + abi.X_T_CONNECT] as number));
}

function countForwarded(plane: Plane, stream: DataStream, bytes: number): void {
  if (stream.server === undefined) return;
  plane.count(stream.frontendPlan.frontendCounters + count.COUNT_REQBOUT, bytes);
  plane.count(stream.backendPlan.backendCounters + count.COUNT_REQBOUT, bytes);
  plane.count(plane.serverCounters(stream.server.index) + count.COUNT_REQBOUT, bytes);
}

/** EV_END at word <at> of <words>. */
export function endStream(plane: Plane, stream: DataStream, words: Uint32Array, at: number): void {
  settleTermination(stream, words[at + abi.X_TERM] as number);
  const frontend = stream.frontendPlan;
  const bytesIn =
    (words[at + abi.X_BYTES_IN_LO] as number) + (words[at + abi.X_BYTES_IN_HI] as number) * TWO_TO_32;
  const bytesOut =
    (words[at + abi.X_BYTES_OUT_LO] as number) + (words[at + abi.X_BYTES_OUT_HI] as number) * TWO_TO_32;
  const compressed = (words[at + abi.X_COMP_OUT] as number) - (words[at + abi.X_COMP_IN] as number);
  const sent = stream.replyWeight !== 0 ? stream.replyWeight : bytesOut + compressed;
  const status = stream.localStatus !== 0 ? stream.localStatus : (words[at + abi.X_STATUS] as number);
  const column = frontend.isHttp ? responseColumn(status) : -1;
  countBytes(plane, frontend.frontendCounters, bytesIn, bytesOut, sent);
  countBytes(plane, listenerRecord(plane.layout, stream.session.listener.index), bytesIn, bytesOut, sent);
  if (column >= 0) plane.count(frontend.frontendCounters + column, 1);
  if (stream.rechosenAtMs > 0) settleQueue(stream, words, at);
  if (stream.backend !== undefined) {
    countBytes(plane, stream.backendPlan.backendCounters, bytesIn, bytesOut, sent);
    if (stream.server !== undefined) {
      countBytes(plane, plane.serverCounters(stream.server.index), bytesIn, bytesOut, sent);
      if ((words[at + abi.X_T_CONNECT] as number) !== abi.NONE) countForwarded(plane, stream, bytesIn);
    }
    countServerSide(plane, stream, words, at, column);
  }
  countAborts(plane, stream);
  if ((words[at + abi.X_COMP_IN] as number) !== 0) countCompression(plane, stream, words, at);
  settleTimers(stream, words, at);
  stream.end = words;
  stream.endOffset = at;
  if (!stream.isMonitor) logStream(plane, stream, status);
  stream.end = undefined;
}
