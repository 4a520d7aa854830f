/** The numbers of the steps of the data path, in the order a request takes them. The table itself is steps.ts; what a step
 * function returns is the next step, or PAUSED when an event has to come first (or the stream is answered).
 */
export const PAUSED = -1;
export const STEP_ACCEPT = 0;
export const STEP_REQUEST_HEAD = 1;
export const STEP_FRONTEND_BODY = 2;
export const STEP_FRONTEND_CONTENT = 3;
export const STEP_FRONTEND_RULES = 4;
export const STEP_CHOOSE_BACKEND = 5;
export const STEP_BACKEND_BODY = 6;
export const STEP_BACKEND_CONTENT = 7;
export const STEP_BACKEND_RULES = 8;
export const STEP_PREPARE = 9;
export const STEP_ASSIGN = 10;
export const STEP_QUEUE = 11;
export const STEP_TURNAROUND = 12;
export const STEP_FORWARD = 13;
export const STEP_RESPONSE_HEAD = 14;
export const STEP_BACKEND_RESPONSE_CONTENT = 15;
export const STEP_BACKEND_RESPONSE_RULES = 16;
export const STEP_FRONTEND_RESPONSE_RULES = 17;
export const STEP_AFTER_RULES = 18;
export const STEP_FORWARD_RESPONSE = 19;
export const STEP_TARPIT = 20;
export const STEP_SERVED = 21;
