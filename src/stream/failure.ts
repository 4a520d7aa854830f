/** What the engine could not do: requests that are none, servers that cannot be reached, answers that are none. Decides between
 * another attempt and an error page, with HAProxy's termination characters.
 */

import { listenerRecord } from '../model/counter-slices.ts';
import {
  COUNT_CLI_ABRT,
  COUNT_CONNECT,
  COUNT_ECON,
  COUNT_EREQ,
  COUNT_ERESP,
  COUNT_REQ_TOT,
  COUNT_WRETR,
} from '../model/counters.ts';
import * as abi from '../native/abi.ts';
import { abortStream, errorReply } from './answer.ts';
import { beginTurnaround } from './assign-steps.ts';
import type { DataStream } from './data-stream.ts';
import type { Plane } from './plane.ts';
import { STEP_ASSIGN, STEP_SERVED } from './step-names.ts';

/** Methods whose repetition does no more than one of them does (RFC 9110 9.2.2). */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE']);

/** `option redispatch [n]`: may this attempt (counted from 1) go to another server? */
function mayRedispatch(stream: DataStream): boolean {
  const { proxy, balancer } = stream.backendPlan;
  const interval = proxy.redispatchInterval;
  if (interval === 0) return false;
  const group = balancer.group;
  group.refresh();
  if (stream.server !== undefined && !group.isUsable(stream.server)) return true;
  if (interval > 0 && stream.retries % interval === 0) return true;
  if (interval < 0) {
    const every = proxy.retries + 1 + interval;
    if (every > 0 && stream.retries % every === 0) return true;
  }
  return !stream.isDirect && group.activeCount > 1 && !balancer.isDeterministic;
}

function countServer(plane: Plane, stream: DataStream, counter: number): void {
  plane.count(stream.backendPlan.backendCounters + counter, 1);
  if (stream.server !== undefined) plane.count(plane.serverCounters(stream.server.index) + counter, 1);
}

/** A connection was not made. */
function connectFailed(plane: Plane, stream: DataStream, reason: number): number {
  const { proxy, balancer } = stream.backendPlan;
  countServer(plane, stream, COUNT_CONNECT);
  if (stream.retries >= proxy.retries) {
    countServer(plane, stream, COUNT_ECON);
    if (reason === abi.FAIL_CONNECT_TIMEOUT) return errorReply(plane, stream, 503, 'sC');
    return errorReply(plane, stream, 503, reason === abi.FAIL_RESOURCE ? 'RC' : 'SC');
  }
  stream.retries++;
  if (mayRedispatch(stream)) {
    stream.isAssigned = false;
    stream.isDirect = false;
    if (reason !== abi.FAIL_CONNECT_TIMEOUT && balancer.group.activeCount <= 1)
      return beginTurnaround(stream);
    return STEP_ASSIGN;
  }
  countServer(plane, stream, COUNT_WRETR);
  // A timeout has waited already; a refusal would come again at once.
  return reason === abi.FAIL_CONNECT_TIMEOUT ? STEP_ASSIGN : beginTurnaround(stream);
}

/** The server closed before it answered. On a connection that had served before, it may have been about to close when the
 * request was sent: the request is sent again on a fresh one when nothing of it was written or it may be repeated
 * (RFC 9110 9.2.2, RFC 9112 9.3.1). */
function closedEarly(plane: Plane, stream: DataStream): number {
  const flags = stream.eventFlags;
  const isReused = (flags & abi.EVF_REUSED) !== 0;
  const wasSent = (flags & abi.EVF_SENT) !== 0;
  const isReplayable = (flags & abi.EVF_REPLAYABLE) !== 0;
  if (isReused && isReplayable && (!wasSent || IDEMPOTENT.has(stream.request.method))) {
    stream.wantsFreshConnection = true;
    return STEP_ASSIGN;
  }
  countServer(plane, stream, COUNT_ERESP);
  return errorReply(plane, stream, 502, 'SH');
}

/** <error> is 0 when the client only said that it will send no more: it still hears why nothing came. */
function clientGone(plane: Plane, stream: DataStream, error: number): number {
  countServer(plane, stream, COUNT_CLI_ABRT);
  plane.count(stream.frontendPlan.frontendCounters + COUNT_CLI_ABRT, 1);
  // Connected, and the request on its way: HAProxy logs 400; before that, no status at all.
  if ((stream.eventFlags & abi.EVF_SENT) !== 0) {
    return error === 0 ? errorReply(plane, stream, 400, 'CH') : abortStream(stream, 'CH', 400);
  }
  return abortStream(stream, 'CC', -1);
}

/** EV_FAIL: the step to go on with. */
export function serverFailed(plane: Plane, stream: DataStream, reason: number, argument: number): number {
  stream.holdsSlot = false;
  switch (reason) {
    case abi.FAIL_CONNECT:
    case abi.FAIL_CONNECT_TIMEOUT:
    case abi.FAIL_RESOURCE:
      return connectFailed(plane, stream, reason);
    case abi.FAIL_CLOSED:
      return closedEarly(plane, stream);
    case abi.FAIL_TIMEOUT:
      countServer(plane, stream, COUNT_ERESP);
      return errorReply(plane, stream, 504, 'sH');
    case abi.FAIL_CLIENT_TIMEOUT:
      countServer(plane, stream, COUNT_CLI_ABRT);
      plane.count(stream.frontendPlan.frontendCounters + COUNT_CLI_ABRT, 1);
      return errorReply(plane, stream, 400, 'cH');
    case abi.FAIL_BAD_BODY:
      plane.count(stream.frontendPlan.frontendCounters + COUNT_EREQ, 1);
      return errorReply(plane, stream, Math.max(argument, 400), 'PH');
    default:
      return clientGone(plane, stream, argument);
  }
}

/** EV_BAD_RESPONSE. */
export function responseFailed(plane: Plane, stream: DataStream, reason: number): number {
  stream.holdsSlot = false;
  countServer(plane, stream, COUNT_ERESP);
  switch (reason) {
    case abi.BAD_TIMEOUT:
      return errorReply(plane, stream, 504, 'sH');
    case abi.BAD_RESET:
      return errorReply(plane, stream, 502, 'SH');
    default:
      // A head that ends in the middle counts as malformed, as in HAProxy.
      return errorReply(plane, stream, 502, 'PH');
  }
}

/** EV_BAD_REQUEST: <status> is what the scanner or the timer says. A connection that `option http-ignore-probes` ignores said
 * nothing at all, and the engine raises no event for it. */
export function requestFailed(plane: Plane, stream: DataStream, reason: number, status: number): number {
  const plan = stream.frontendPlan;
  plane.count(plan.frontendCounters + COUNT_EREQ, 1);
  plane.count(listenerRecord(plane.layout, stream.session.listener.index) + COUNT_EREQ, 1);
  plane.count(plan.frontendCounters + COUNT_REQ_TOT, 1);
  stream.isBadRequest = true;
  stream.step = STEP_SERVED;
  const answer = Math.max(status, 400);
  switch (reason) {
    case abi.BAD_TIMEOUT:
      return errorReply(plane, stream, 408, 'cR');
    case abi.BAD_CLOSED:
    case abi.BAD_RESET:
      return errorReply(plane, stream, answer, 'CR');
    default:
      return errorReply(plane, stream, answer, 'PR');
  }
}

/** For what must never happen twice: ends the stream whatever state it is in. */
export function giveUp(stream: DataStream): void {
  stream.holdsSlot = false;
  stream.termination = '';
  try {
    abortStream(stream, 'IR', 500);
  } catch {
    // Not even room for a command: the engine ends a stream that policy left without an answer.
  }
}
