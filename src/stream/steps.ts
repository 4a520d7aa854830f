/** The data path as one table: the steps of a request in the order it takes them. A step is a small function that returns the next
 * step, or PAUSED when it has commanded the engine and an event must come first. `stream.step` names where to go on then.
 */

import { tarpitStep } from './answer.ts';
import { assignStep, forwardStep, queueStep, turnaroundStep } from './assign-steps.ts';
import type { DataStream } from './data-stream.ts';
import type { Plane } from './plane.ts';
import {
  backendBodyStep,
  backendContentStep,
  backendRulesStep,
  chooseBackendStep,
  frontendBodyStep,
  frontendContentStep,
  frontendRulesStep,
  prepareStep,
  requestHeadStep,
} from './request-steps.ts';
import {
  afterRulesStep,
  backendContentResponseStep,
  backendResponseRulesStep,
  forwardResponseStep,
  frontendResponseRulesStep,
  responseHeadStep,
} from './response-steps.ts';
import * as number from './step-names.ts';

export interface Step {
  readonly number: number;
  readonly name: string;
  run(plane: Plane, stream: DataStream): number;
}

export const STEPS: readonly Step[] = [
  { number: number.STEP_REQUEST_HEAD, name: 'request head', run: requestHeadStep },
  { number: number.STEP_FRONTEND_BODY, name: 'wait for the body', run: frontendBodyStep },
  { number: number.STEP_FRONTEND_CONTENT, name: 'content rules of the frontend', run: frontendContentStep },
  { number: number.STEP_FRONTEND_RULES, name: 'rules of the frontend', run: frontendRulesStep },
  { number: number.STEP_CHOOSE_BACKEND, name: 'choose a backend', run: chooseBackendStep },
  { number: number.STEP_BACKEND_BODY, name: 'wait for the body, for the backend', run: backendBodyStep },
  { number: number.STEP_BACKEND_CONTENT, name: 'content rules of the backend', run: backendContentStep },
  { number: number.STEP_BACKEND_RULES, name: 'rules of the backend', run: backendRulesStep },
  { number: number.STEP_PREPARE, name: 'prepare the head', run: prepareStep },
  { number: number.STEP_ASSIGN, name: 'assign a server', run: assignStep },
  { number: number.STEP_QUEUE, name: 'queue', run: queueStep },
  { number: number.STEP_TURNAROUND, name: 'wait before a retry', run: turnaroundStep },
  { number: number.STEP_FORWARD, name: 'forward', run: forwardStep },
  { number: number.STEP_RESPONSE_HEAD, name: 'response head', run: responseHeadStep },
  {
    number: number.STEP_BACKEND_RESPONSE_CONTENT,
    name: 'content rules of the backend on the response',
    run: backendContentResponseStep,
  },
  {
    number: number.STEP_BACKEND_RESPONSE_RULES,
    name: 'response rules of the backend',
    run: backendResponseRulesStep,
  },
  {
    number: number.STEP_FRONTEND_RESPONSE_RULES,
    name: 'response rules of the frontend',
    run: frontendResponseRulesStep,
  },
  { number: number.STEP_AFTER_RULES, name: 'rules on every response', run: afterRulesStep },
  { number: number.STEP_FORWARD_RESPONSE, name: 'forward the response', run: forwardResponseStep },
  { number: number.STEP_TARPIT, name: 'tarpit', run: tarpitStep },
  { number: number.STEP_SERVED, name: 'served', run: () => number.PAUSED },
];

/** Takes <stream> from step <first> on until it has to wait or is answered. */
export function runSteps(plane: Plane, stream: DataStream, first: number): void {
  let next = first;
  while (next !== number.PAUSED) {
    stream.step = next;
    next = (STEPS[next] as Step).run(plane, stream);
  }
}
