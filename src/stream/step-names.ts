/** The numbers of the steps of the data path, in the order a request takes them. The table itself is steps.ts; what a step
 * function returns is the next step, or PAUSED when an event has to come first (or the stream is answered).
 */
export const PAUSED = -1;
export const STEP_REQUEST_HEAD = 0;
export const STEP_FRONTEND_BODY = 1;
export const STEP_FRONTEND_CONTENT = 2;
export const STEP_FRONTEND_RULES = 3;
export const STEP_CHOOSE_BACKEND = 4;
export const STEP_BACKEND_BODY = 5;
export const STEP_BACKEND_CONTENT = 6;
export const STEP_BACKEND_RULES = 7;
export const STEP_PREPARE = 8;
export const STEP_ASSIGN = 9;
export const STEP_QUEUE = 10;
export const STEP_TURNAROUND = 11;
export const STEP_FORWARD = 12;
export const STEP_RESPONSE_HEAD = 13;
export const STEP_BACKEND_RESPONSE_CONTENT = 14;
export const STEP_BACKEND_RESPONSE_RULES = 15;
export const STEP_FRONTEND_RESPONSE_RULES = 16;
export const STEP_AFTER_RULES = 17;
export const STEP_FORWARD_RESPONSE = 18;
export const STEP_TARPIT = 19;
export const STEP_SERVED = 20;
