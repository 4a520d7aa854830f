/** Hot path. From the server's response head to the client: captures, rules of the backend, then of the frontend, compression, forward.
 */
import { addVary, applyToResponse, isCompressible } from '../compression/decide.ts';
import type { CompressionPlan } from '../compression/plan.ts';
import { COUNT_COMP_RSP } from '../model/counters.ts';
import { ACTION_DONE, ACTION_WAIT, type Rule } from '../model/rules.ts';
import * as abi from '../native/abi.ts';
import { answerRules } from './answer.ts';
import { mayCompress } from './compression-gate.ts';
import type { DataStream } from './data-stream.ts';
import type { Plane } from './plane.ts';
import type { ProxyPlan } from './proxy-plan.ts';
import { captureResponse } from './request-steps.ts';
import { commandWait, runRules } from './rule-runner.ts';
import * as step from './step-names.ts';

export function responseHeadStep(_plane: Plane, stream: DataStream): number {
  if (stream.frontendPlan.hasResponseCaptures) captureResponse(stream);
  return step.STEP_BACKEND_RESPONSE_CONTENT;
}

function ruleStep(
  plane: Plane,
  stream: DataStream,
  rules: readonly Rule[] | undefined,
  next: number,
): number {
  if (rules === undefined) return next;
  const outcome = runRules(stream, rules);
  if (outcome === ACTION_WAIT) {
    commandWait(stream, -1);
    return step.PAUSED;
  }
  return outcome === ACTION_DONE ? answerRules(plane, stream) : next;
}

/** `tcp-response content`, then `http-response`, of the backend. */
export function backendContentResponseStep(plane: Plane, stream: DataStream): number {
  return ruleStep(plane, stream, stream.backendPlan.tcpResponse, step.STEP_BACKEND_RESPONSE_RULES);
}

export function backendResponseRulesStep(plane: Plane, stream: DataStream): number {
  const plan = stream.backendPlan;
  if (plan === stream.frontendPlan) return step.STEP_FRONTEND_RESPONSE_RULES;
  return ruleStep(plane, stream, plan.httpResponse, step.STEP_FRONTEND_RESPONSE_RULES);
}

export function frontendResponseRulesStep(plane: Plane, stream: DataStream): number {
  return ruleStep(plane, stream, stream.frontendPlan.httpResponse, step.STEP_AFTER_RULES);
}

function runAfter(stream: DataStream, plan: ProxyPlan): void {
  if (plan.httpAfterResponse !== undefined) runRules(stream, plan.httpAfterResponse);
}

export function afterRulesStep(_plane: Plane, stream: DataStream): number {
  if (stream.backendPlan !== stream.frontendPlan) runAfter(stream, stream.backendPlan);
  runAfter(stream, stream.frontendPlan);
  return step.STEP_FORWARD_RESPONSE;
}

/** Decides on compression; the stage for the body. */
function compress(plane: Plane, stream: DataStream, plan: CompressionPlan): number {
  if (stream.compressionChoice < 0 && !plan.varyAlways) return abi.STAGE_NONE;
  const whole = (stream.eventFlags & abi.EVF_BODY_END) !== 0 ? stream.bodyLength : -1;
  if (!isCompressible(plan, stream.request, stream.response, whole)) return abi.STAGE_NONE;
  const algorithm = plan.algorithms[stream.compressionChoice];
  if (algorithm === undefined) {
    addVary(stream.response);
    return abi.STAGE_NONE;
  }
  if (!mayCompress(plane.live, stream)) return abi.STAGE_NONE;
  stream.isCompressed = true;
  applyToResponse(algorithm, stream.response);
  plane.count(stream.frontendPlan.frontendCounters + COUNT_COMP_RSP, 1);
  plane.count(stream.backendPlan.backendCounters + COUNT_COMP_RSP, 1);
  return algorithm.stage;
}

export function forwardResponseStep(plane: Plane, stream: DataStream): number {
  const engine = stream.engine;
  const compression = stream.pair?.compression;
  const stage = compression === undefined ? abi.STAGE_NONE : compress(plane, stream, compression);
  const firstEdit = engine.edits.count;
  const edits = stream.response.writeEdits(engine.edits);
  const at = engine.command(abi.CMD_FORWARD_RESPONSE, stream.index, stream.generation);
  const commands = engine.commands;
  const isStopping = plane.live.words[abi.LIVE_STOPPING] === abi.STOPPING_SOFT;
  commands[at + abi.C_FLAGS] = (stream.pair?.responseFlags ?? 0) | (isStopping ? abi.FWD_CLOSE_CLIENT : 0);
  commands[at + abi.C_EDITS] = firstEdit;
  commands[at + abi.C_NEDITS] = edits;
  commands[at + abi.C_STAGE] = stage;
  stream.step = step.STEP_SERVED;
  return step.PAUSED;
}
