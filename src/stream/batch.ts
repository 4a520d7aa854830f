/** Hot path. The batch: every event the engine raised in one turn is taken to the stream it names. An exception in one stream's
 * policy ends that stream with a 500 and a log line that names the keyword's place; the others of the batch are served.
 */
import * as abi from '../native/abi.ts';
import { errorReply } from './answer.ts';
import { onConnection } from './connection-step.ts';
import type { DataStream } from './data-stream.ts';
import { endStream } from './end-step.ts';
import { giveUp, requestFailed, responseFailed, serverFailed } from './failure.ts';
import { logConnect, logPolicyError } from './log-step.ts';
import type { Plane } from './plane.ts';
import {
  STEP_BACKEND_RULES,
  STEP_FRONTEND_CONTENT,
  STEP_REQUEST_HEAD,
  STEP_RESPONSE_HEAD,
} from './step-names.ts';
import { runSteps } from './steps.ts';

function begin(plane: Plane, words: Uint32Array, at: number): DataStream {
  const session = plane.sessionOf(
    words[at + abi.E_CONN] as number,
    words[at + abi.E_CONN_GEN] as number,
    words[at + abi.E_LISTENER] as number,
    ((words[at + abi.E_FLAGS] as number) & abi.EVF_MOVED) !== 0,
  );
  return plane.beginStream(
    words[at + abi.E_STREAM] as number,
    words[at + abi.E_STREAM_GEN] as number,
    session,
  );
}

function noteEvent(stream: DataStream, words: Uint32Array, at: number): void {
  stream.eventFlags = words[at + abi.E_FLAGS] as number;
  stream.bodyOffset = words[at + abi.E_BODY] as number;
  stream.bodyLength = words[at + abi.E_BODY_LEN] as number;
}

/** For the flight recorder: whose policy it was, should it never come back. */
function noteWork(plane: Plane, words: Uint32Array, at: number): void {
  const { work } = plane.engine;
  work[0] = words[at + abi.E_STREAM] as number;
  work[1] = words[at + abi.E_STREAM_GEN] as number;
}

function onRequest(plane: Plane, stream: DataStream, words: Uint32Array, at: number): void {
  stream.request.attach(
    plane.engine.arena,
    words[at + abi.E_HEAD] as number,
    words[at + abi.E_FIELDS] as number,
    words[at + abi.E_TEXT] as number,
  );
  if ((stream.eventFlags & abi.EVF_PRIVATE) !== 0) stream.privateServer = words[at + abi.E_ARG2] as number;
  if (stream.frontendPlan.logsConnect) logConnect(plane, stream);
  runSteps(plane, stream, STEP_REQUEST_HEAD);
}

function onSession(plane: Plane, stream: DataStream): void {
  stream.request.setNone();
  if (stream.frontendPlan.logsConnect) logConnect(plane, stream);
  runSteps(plane, stream, STEP_FRONTEND_CONTENT);
}

function onWake(plane: Plane, stream: DataStream, words: Uint32Array, at: number): void {
  stream.wakeReason = words[at + abi.E_REASON] as number;
  stream.wakeArgument = words[at + abi.E_ARG] as number;
  if (stream.waitStartMs >= 0 && stream.step <= STEP_BACKEND_RULES) {
    stream.requestWaitMs += plane.engine.nowMs - stream.waitStartMs;
  }
  stream.waitStartMs = -1;
  // A request that was sent already is held as an image: its head is not raised again, and no rule looks at it.
  if (stream.frontendPlan.isHttp && words[at + abi.E_HEAD] !== abi.NONE) {
    const message = stream.phase === 0 ? stream.request : stream.response;
    message.reattach(
      plane.engine.arena,
      words[at + abi.E_HEAD] as number,
      words[at + abi.E_FIELDS] as number,
    );
  }
  runSteps(plane, stream, stream.step);
}

function onResponse(plane: Plane, stream: DataStream, words: Uint32Array, at: number): void {
  stream.phase = 1;
  stream.ruleIndex = 0;
  stream.wakeReason = 0;
  stream.response.attach(
    plane.engine.arena,
    words[at + abi.E_HEAD] as number,
    words[at + abi.E_FIELDS] as number,
    words[at + abi.E_TEXT] as number,
  );
  stream.serverStatus = stream.response.status;
  runSteps(plane, stream, STEP_RESPONSE_HEAD);
}

function onFailure(plane: Plane, stream: DataStream, kind: number, words: Uint32Array, at: number): void {
  const reason = words[at + abi.E_REASON] as number;
  const argument = words[at + abi.E_ARG] as number;
  if (kind === abi.EV_FAIL) runSteps(plane, stream, serverFailed(plane, stream, reason, argument));
  else runSteps(plane, stream, responseFailed(plane, stream, reason));
}

function onBadRequest(plane: Plane, stream: DataStream, words: Uint32Array, at: number): void {
  stream.request.setNone();
  requestFailed(plane, stream, words[at + abi.E_REASON] as number, words[at + abi.E_ARG] as number);
}

function onEnd(plane: Plane, stream: DataStream, words: Uint32Array, at: number): void {
  const { session } = stream;
  try {
    endStream(plane, stream, words, at);
  } finally {
    plane.endStream(stream);
    if (((words[at + abi.X_FLAGS] as number) & abi.XF_SESSION_END) !== 0) {
      plane.endSession(session.conn, session.generation);
    }
  }
}

function dispatch(plane: Plane, stream: DataStream, kind: number, words: Uint32Array, at: number): void {
  switch (kind) {
    case abi.EV_REQUEST:
      return onRequest(plane, stream, words, at);
    case abi.EV_SESSION:
      return onSession(plane, stream);
    case abi.EV_RESPONSE:
      return onResponse(plane, stream, words, at);
    case abi.EV_WAKE:
      return onWake(plane, stream, words, at);
    case abi.EV_BAD_REQUEST:
      return onBadRequest(plane, stream, words, at);
    default:
      return onFailure(plane, stream, kind, words, at);
  }
}

/** What policy threw: the stream is answered 500, or cut when even that fails. */
function policyFailed(plane: Plane, stream: DataStream, error: unknown): void {
  logPolicyError(plane, stream, error);
  try {
    stream.termination = '';
    errorReply(plane, stream, 500, stream.phase === 0 ? 'IR' : 'IH');
  } catch {
    giveUp(stream);
  }
}

/** No record could be made for this stream: the engine is told to end it all the same. */
function abortUnknown(plane: Plane, words: Uint32Array, at: number): void {
  try {
    plane.engine.command(
      abi.CMD_ABORT,
      words[at + abi.E_STREAM] as number,
      words[at + abi.E_STREAM_GEN] as number,
    );
  } catch {
    // No room for a command: the engine ends a stream that nobody answers.
  }
}

function onStreamEvent(plane: Plane, kind: number, words: Uint32Array, at: number): void {
  let stream: DataStream | undefined;
  try {
    if (kind === abi.EV_REQUEST || kind === abi.EV_SESSION || kind === abi.EV_BAD_REQUEST) {
      stream = begin(plane, words, at);
    } else {
      stream = plane.streamOf(words[at + abi.E_STREAM] as number, words[at + abi.E_STREAM_GEN] as number);
      if (stream === undefined) return;
    }
    if (kind === abi.EV_END) {
      onEnd(plane, stream, words, at);
      return;
    }
    noteEvent(stream, words, at);
    noteWork(plane, words, at);
    dispatch(plane, stream, kind, words, at);
  } catch (error) {
    if (stream !== undefined && kind !== abi.EV_END) policyFailed(plane, stream, error);
    else logPolicyError(plane, stream, error);
    if (stream === undefined) abortUnknown(plane, words, at);
  }
}

/** What is not about a stream: answered by those who asked. */
export interface OtherEvents {
  onProbe(words: Uint32Array, at: number): void;
  onControl(words: Uint32Array, at: number): void;
}

/** Takes <count> events, laid one behind another in <words>. */
export function onBatch(plane: Plane, other: OtherEvents, words: Uint32Array, count: number): void {
  let at = 0;
  for (let event = 0; event < count; event++) {
    const kind = words[at] as number;
    if (kind === abi.EV_PROBE) other.onProbe(words, at);
    else if (kind === abi.EV_CONTROL) other.onControl(words, at);
    else if (kind === abi.EV_SESSION_END) {
      plane.endSession(words[at + abi.E_STREAM] as number, words[at + abi.E_STREAM_GEN] as number);
    } else if (kind === abi.EV_CONNECTION) onConnection(plane, words, at);
    else onStreamEvent(plane, kind, words, at);
    at += kind === abi.EV_END ? abi.EVENT_END_WORDS : abi.EVENT_WORDS;
  }
}
