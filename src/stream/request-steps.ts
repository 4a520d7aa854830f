/** Hot path. From a request's head to the choice of its backend, and what is changed in the head on the way: accept, head, rules of
 * the frontend, backend, rules of the backend, prepare.
 */

import { applyToRequest, chooseForRequest } from '../compression/decide.ts';
import { addForwardedFor, addOriginalTo } from '../http/forwarded.ts';
import { countForwards } from '../http/max-forwards.ts';
import { sendAbort } from '../http/reply.ts';
import { countRate } from '../model/counter-slices.ts';
import {
  COUNT_INTERCEPTED,
  COUNT_LASTSESS,
  COUNT_RATE,
  COUNT_RATE_MAX,
  COUNT_REQ_RATE,
  COUNT_REQ_RATE_MAX,
  COUNT_REQ_TOT,
  COUNT_STOT,
} from '../model/counters.ts';
import type { Capture, Proxy } from '../model/proxy.ts';
import { ACTION_DONE, ACTION_WAIT, type Rule } from '../model/rules.ts';
import * as abi from '../native/abi.ts';
import { pathStart } from '../sample/target.ts';
import { answerRules, errorReply, reply } from './answer.ts';
import { mayCompress } from './compression-gate.ts';
import type { DataStream } from './data-stream.ts';
import type { Plane } from './plane.ts';
import type { ProxyPlan } from './proxy-plan.ts';
import { commandWait, runContentRules, runRules } from './rule-runner.ts';
import * as step from './step-names.ts';

/** Runs a rule set; the step to go on with. */
function ruleStep(
  plane: Plane,
  stream: DataStream,
  rules: readonly Rule[] | undefined,
  next: number,
): number {
  if (rules === undefined) return next;
  if ((stream.wakeReason & abi.WAKE_ABORT) !== 0) return abandon(stream);
  return settle(plane, stream, runRules(stream, rules), next, -1);
}

function settle(plane: Plane, stream: DataStream, outcome: number, next: number, limitMs: number): number {
  if (outcome === ACTION_WAIT) {
    commandWait(stream, limitMs);
    return step.PAUSED;
  }
  return outcome === ACTION_DONE ? answerRules(plane, stream) : next;
}

/** Content rules wait up to `tcp-request inspect-delay` for what they look at; with a whole request there is no more to come. */
function contentStep(plane: Plane, stream: DataStream, plan: ProxyPlan, next: number): number {
  const rules = plan.tcpContent;
  if (rules === undefined) return next;
  const reason = stream.wakeReason;
  stream.wakeReason = 0;
  if ((reason & abi.WAKE_ABORT) !== 0) return abandon(stream);
  const nowMs = plane.engine.nowMs;
  if (stream.inspectUntilMs === 0) stream.inspectUntilMs = nowMs + plan.inspectDelayMs;
  const leftMs = stream.inspectUntilMs - nowMs;
  const isOver = (reason & abi.WAKE_DEADLINE) !== 0 || leftMs <= 0;
  const canWait = !isOver && (stream.eventFlags & (abi.EVF_BODY_END | abi.EVF_CLIENT_FIN)) === 0;
  const outcome = runContentRules(stream, rules, canWait);
  if (outcome !== ACTION_WAIT) stream.inspectUntilMs = 0;
  return settle(plane, stream, outcome, next, Math.max(leftMs, 0));
}

/** The client left while a rule was waiting. */
function abandon(stream: DataStream): number {
  if (stream.termination === '') stream.termination = 'CR';
  if (stream.localStatus === 0) stream.localStatus = 400;
  sendAbort(stream, abi.ABORT_CLOSE);
  return step.PAUSED;
}

function capture(stream: DataStream, captures: readonly Capture[]): (string | undefined)[] {
  const values: (string | undefined)[] = [];
  const message = stream.phase === 0 ? stream.request : stream.response;
  for (let i = 0; i < captures.length; i++) {
    const { name, length } = captures[i] as Capture;
    // A slot declared without a header is filled by `http-request capture … id`.
    const value = name === '' ? undefined : lastValue(message, name);
    values.push(value === undefined || value.length <= length ? value : value.substring(0, length));
  }
  return values;
}

function lastValue(message: DataStream['request'], name: string): string | undefined {
  const lower = name.toLowerCase();
  const id = Math.max(abi.FIELD_NAMES.indexOf(lower), 0);
  let found: string | undefined;
  for (let i = message.find(id, lower, 0); i >= 0; i = message.find(id, lower, i + 1)) {
    found = message.fieldValue(i);
  }
  return found;
}

export function captureRequest(stream: DataStream): void {
  stream.requestCaptures = capture(stream, stream.frontendPlan.proxy.requestCaptures);
}

export function captureResponse(stream: DataStream): void {
  stream.responseCaptures = capture(stream, stream.frontendPlan.proxy.responseCaptures);
}

/** Compared as written; one that is a path also with the path of a request that names an authority. */
function isMonitorTarget(target: string, monitorUri: string): boolean {
  if (target === monitorUri) return true;
  const start = pathStart(target);
  return start > 0 && monitorUri.charCodeAt(0) === 0x2f && target.substring(start) === monitorUri;
}

export function requestHeadStep(plane: Plane, stream: DataStream): number {
  const plan = stream.frontendPlan;
  plane.count(plan.frontendCounters + COUNT_REQ_TOT, 1);
  countRate(
    plane.counters,
    plan.frontendCounters + COUNT_REQ_RATE,
    plan.frontendCounters + COUNT_REQ_RATE_MAX,
    plane.engine.nowMs,
  );
  if (plan.hasRequestCaptures) captureRequest(stream);
  if (plan.monitorUri !== undefined && isMonitorTarget(stream.request.target, plan.monitorUri)) {
    stream.isMonitor = true;
    plane.count(plan.frontendCounters + COUNT_INTERCEPTED, 1);
    return errorReply(plane, stream, plan.monitorFails(stream) ? 503 : 200, 'LR');
  }
  return plan.buffersRequest ? step.STEP_FRONTEND_BODY : step.STEP_FRONTEND_CONTENT;
}

/** `option http-buffer-request`: goes on when the body is whole or the buffer full, or with 408 when neither comes in time. */
function bodyStep(plane: Plane, stream: DataStream, plan: ProxyPlan, next: number): number {
  const reason = stream.wakeReason;
  stream.wakeReason = 0;
  if ((reason & abi.WAKE_ABORT) !== 0) return abandon(stream);
  if ((reason & abi.WAKE_DEADLINE) !== 0) return errorReply(plane, stream, 408, 'cR');
  if (reason !== 0 || (stream.eventFlags & abi.EVF_BODY_END) !== 0) return next;
  stream.waitReasons = abi.WAKE_BYTES;
  stream.waitBytes = plane.configuration.global.bufsize;
  stream.waitMs = plan.bodyWaitMs;
  commandWait(stream, -1);
  return step.PAUSED;
}

export function frontendBodyStep(plane: Plane, stream: DataStream): number {
  return bodyStep(plane, stream, stream.frontendPlan, step.STEP_FRONTEND_CONTENT);
}

export function backendBodyStep(plane: Plane, stream: DataStream): number {
  const { backendPlan, frontendPlan } = stream;
  if (!backendPlan.buffersRequest || frontendPlan.buffersRequest) return step.STEP_BACKEND_CONTENT;
  return bodyStep(plane, stream, backendPlan, step.STEP_BACKEND_CONTENT);
}

export function frontendContentStep(plane: Plane, stream: DataStream): number {
  const next = stream.frontendPlan.isHttp ? step.STEP_FRONTEND_RULES : step.STEP_CHOOSE_BACKEND;
  return contentStep(plane, stream, stream.frontendPlan, next);
}

export function frontendRulesStep(plane: Plane, stream: DataStream): number {
  return ruleStep(plane, stream, stream.frontendPlan.httpRequest, step.STEP_CHOOSE_BACKEND);
}

/** `use_backend` rules in order, then `default_backend`, then a listen section itself. */
function chooseBackend(plane: Plane, stream: DataStream): Proxy {
  const frontend = stream.frontend;
  const rules = frontend.useBackends;
  for (let i = 0; i < rules.length; i++) {
    const rule = rules[i];
    if (rule === undefined) break;
    if (rule.condition !== undefined && !rule.condition.test(stream)) continue;
    if (rule.backend !== undefined) return rule.backend;
    const named = rule.name === undefined ? undefined : plane.proxiesByName.get(rule.name.build(stream));
    if (named !== undefined) return named;
    break;
  }
  return frontend.defaultBackend ?? frontend;
}

export function chooseBackendStep(plane: Plane, stream: DataStream): number {
  const backend = chooseBackend(plane, stream);
  const plan = plane.plans[backend.index] as ProxyPlan;
  stream.backend = backend;
  stream.backendPlan = plan;
  stream.pair = plane.pairOf(stream.frontendPlan, plan);
  const counters = plan.backendCounters;
  plane.count(counters + COUNT_STOT, 1);
  if (stream.frontendPlan.isHttp) plane.count(counters + COUNT_REQ_TOT, 1);
  countRate(plane.counters, counters + COUNT_RATE, counters + COUNT_RATE_MAX, plane.engine.nowMs);
  plane.counters[counters + COUNT_LASTSESS] = plane.engine.nowMs;
  if (plan !== stream.frontendPlan) {
    return stream.frontendPlan.isHttp ? step.STEP_BACKEND_BODY : step.STEP_BACKEND_CONTENT;
  }
  return stream.frontendPlan.isHttp ? step.STEP_PREPARE : step.STEP_ASSIGN;
}

export function backendContentStep(plane: Plane, stream: DataStream): number {
  const next = stream.frontendPlan.isHttp ? step.STEP_BACKEND_RULES : step.STEP_ASSIGN;
  return contentStep(plane, stream, stream.backendPlan, next);
}

export function backendRulesStep(plane: Plane, stream: DataStream): number {
  return ruleStep(plane, stream, stream.backendPlan.httpRequest, step.STEP_PREPARE);
}

/** What options add to the head, after all rules. */
export function prepareStep(plane: Plane, stream: DataStream): number {
  const final = countForwards(stream.request);
  if (final !== undefined) return reply(plane, stream, final, 'LR');
  const pair = stream.pair;
  if (pair === undefined) return step.STEP_ASSIGN;
  const frontend = stream.frontend;
  if (frontend.uniqueIdFormat !== undefined && stream.uniqueId === undefined) {
    stream.uniqueId = frontend.uniqueIdFormat.build(stream);
  }
  if (frontend.uniqueIdHeader !== undefined && stream.uniqueId !== undefined) {
    stream.request.addField(frontend.uniqueIdHeader.toLowerCase(), stream.uniqueId.trim());
  }
  if (pair.forwardFor !== undefined) addForwardedFor(pair.forwardFor, stream);
  if (pair.originalTo !== undefined) addOriginalTo(pair.originalTo, stream);
  const compression = pair.compression;
  if (compression !== undefined) {
    stream.compressionChoice = chooseForRequest(compression, stream.request);
    const whole = (stream.eventFlags & abi.EVF_BODY_END) !== 0 ? stream.bodyLength : -1;
    const algorithm = mayCompress(plane.live, stream)
      ? applyToRequest(compression, stream.request, whole)
      : undefined;
    stream.requestStage = algorithm?.stage ?? abi.STAGE_NONE;
  }
  return step.STEP_ASSIGN;
}
