/** Hot path. Answers of our own: what a rule returned, or the page of an error. http-after-response rules run on each, as on every
 * response, but not on the answer to what was no request, as in HAProxy: they would look at one that is not there. A stream in mode
 * tcp has no answer but the end.
 */
import { errorPage } from '../http/error-pages.ts';
import { fillResponse, sendAbort, sendResponse } from '../http/reply.ts';
import { listenerRecord } from '../model/counter-slices.ts';
import { COUNT_DREQ, COUNT_DRESP, COUNT_INTERCEPTED } from '../model/counters.ts';
import { type ReplyBody, SILENT_REPLY } from '../model/reply.ts';
import * as abi from '../native/abi.ts';
import type { DataStream } from './data-stream.ts';
import type { Plane } from './plane.ts';
import type { ProxyPlan } from './proxy-plan.ts';
import { commandWait, runRules } from './rule-runner.ts';
import { PAUSED, STEP_SERVED, STEP_TARPIT } from './step-names.ts';

/** Gives back a slot that was taken and will not be used. */
export function releaseSlot(stream: DataStream): void {
  if (!stream.holdsSlot) return;
  stream.holdsSlot = false;
  const at = stream.engine.command(abi.CMD_RELEASE_SLOT, stream.index, stream.generation);
  stream.engine.commands[at + 3] = stream.server?.index ?? abi.NONE;
  stream.engine.commands[at + 4] = stream.backendPlan.proxy.index;
}

function runAfterRules(stream: DataStream, plan: ProxyPlan): void {
  if (plan.httpAfterResponse === undefined) return;
  stream.ruleIndex = 0;
  stream.wakeReason = 0;
  runRules(stream, plan.httpAfterResponse);
}

/** Sends <message>; <termination> is HAProxy's two characters unless an action has set its own. */
export function reply(plane: Plane, stream: DataStream, message: ReplyBody, termination: string): number {
  if (stream.termination === '') stream.termination = termination;
  stream.localStatus = message.status;
  stream.step = STEP_SERVED;
  releaseSlot(stream);
  if (!stream.frontendPlan.isHttp) return abortStream(stream, stream.termination, message.status);
  fillResponse(stream.response, message, stream.isBadRequest);
  stream.phase = 1;
  if (!stream.isBadRequest) {
    if (stream.backendPlan !== stream.frontendPlan) runAfterRules(stream, stream.backendPlan);
    runAfterRules(stream, stream.frontendPlan);
  }
  stream.localStatus = stream.response.status;
  stream.replyWeight = weigh(stream) + message.body.length;
  sendResponse(stream, message.body, replyFlags(plane, stream, message));
  return PAUSED;
}

/** Start line 20 and its words, each field its name and value, the end one. */
function weigh(stream: DataStream): number {
  const { response } = stream;
  let weight = 20 + 'HTTP/1.1200'.length + response.reason.length + 1;
  for (let i = 0; i < response.fieldEnd; i++) {
    if (!response.isDeleted(i)) weight += response.fieldName(i).length + response.fieldValue(i).length;
  }
  return weight;
}

function replyFlags(plane: Plane, stream: DataStream, message: ReplyBody): number {
  let flags = abi.RSP_DRAIN;
  const isStopping = plane.live.words[abi.LIVE_STOPPING] === abi.STOPPING_SOFT;
  if (message.closes || isStopping || stream.frontendPlan.closesClient) flags |= abi.RSP_CLOSE;
  return flags;
}

/** The page for <status>: the backend's `errorfile`, else the frontend's, else HAProxy's. */
export function errorReply(plane: Plane, stream: DataStream, status: number, termination: string): number {
  const own = stream.backendPlan.errorReplies.get(status) ?? stream.frontendPlan.errorReplies.get(status);
  if (own === SILENT_REPLY) return abortStream(stream, termination, status);
  return reply(plane, stream, own ?? errorPage(status), termination);
}

/** Ends the stream without an answer. <status> is what the log shows: -1 for none. */
export function abortStream(stream: DataStream, termination: string, status: number): number {
  if (stream.termination === '') stream.termination = termination;
  stream.localStatus = status;
  stream.step = STEP_SERVED;
  releaseSlot(stream);
  sendAbort(stream, abi.ABORT_CLOSE);
  return PAUSED;
}

/** Counts what a rule decided: refused, or answered in the server's place. */
function countRuleAnswer(plane: Plane, stream: DataStream, termination: string): void {
  const front = stream.frontendPlan.frontendCounters;
  const back = stream.backendPlan.backendCounters;
  if (termination === 'PR' || termination === 'PT') {
    plane.count(front + COUNT_DREQ, 1);
    plane.count(listenerRecord(plane.layout, stream.session.listener.index) + COUNT_DREQ, 1);
    if (stream.backend !== undefined) plane.count(back + COUNT_DREQ, 1);
  } else if (termination === 'PH') {
    plane.count(front + COUNT_DRESP, 1);
    plane.count(back + COUNT_DRESP, 1);
    if (stream.server !== undefined) plane.count(plane.serverCounters(stream.server.index) + COUNT_DRESP, 1);
  } else {
    plane.count(front + COUNT_INTERCEPTED, 1);
  }
}

/** A rule ended the stream: what its action left in it is the answer. */
export function answerRules(plane: Plane, stream: DataStream): number {
  const own = stream.reply;
  if (own === undefined) {
    stream.step = STEP_SERVED;
    if (stream.localStatus === 0) stream.localStatus = -1;
    releaseSlot(stream);
    sendAbort(stream, stream.abortHow);
    return PAUSED;
  }
  if (stream.tarpitMs > 0) return beginTarpit(stream);
  countRuleAnswer(plane, stream, own.termination);
  if (own.message === SILENT_REPLY) return abortStream(stream, own.termination, own.status);
  if (own.message !== undefined) return reply(plane, stream, own.message, own.termination);
  if (own.isDefaultPage) return reply(plane, stream, errorPage(own.status), own.termination);
  return errorReply(plane, stream, own.status, own.termination);
}

/** The client gets its answer later, or none when it leaves before. */
function beginTarpit(stream: DataStream): number {
  stream.step = STEP_TARPIT;
  stream.waitReasons = abi.WAKE_DEADLINE;
  commandWait(stream, stream.tarpitMs);
  return PAUSED;
}

export function tarpitStep(plane: Plane, stream: DataStream): number {
  stream.tarpitMs = 0;
  stream.wakeReason = 0;
  return answerRules(plane, stream);
}
