/** What the administrator does to a server, with HAProxy's messages: ready, drain, maintenance, forced health, weight. Works on the
 * records of server-state.ts through its own `change`.
 */
import { firstHealth } from './health.ts';
import { calledServer, leftText, onlineText } from './messages.ts';
import type { Operation, ServerRecord, ServerStates } from './server-state.ts';

const ALERT = 1;
const NOTICE = 5;

function enterMaintenance(states: ServerStates, record: ServerRecord): void {
  const wasDown = record.operation === 'down';
  const tookNothing = record.operation === 'stopping' || record.isDrained;
  const { server } = record;
  const sessions = states.sessions(server);
  const isLast = states.change(record, () => {
    record.admin = 'maint';
    record.operation = 'down';
    if (!wasDown) record.downTransitions++;
  });
  const who = calledServer(record.server);
  if (wasDown) {
    states.tell(record, NOTICE, `${who} was DOWN and now enters maintenance.`);
    return;
  }
  const text = `${who} is going DOWN for maintenance. ${leftText(server, states.counts(server.proxy), sessions)}`;
  states.tell(record, tookNothing ? NOTICE : ALERT, text);
  if (isLast) states.tellEmpty(record);
}

/** A server that leaves maintenance is tried at once: its first check decides. */
function leaveMaintenance(states: ServerStates, record: ServerRecord, isDrained: boolean): void {
  states.change(record, () => {
    record.admin = 'ready';
    record.isDrained = isDrained;
    record.operation = 'up';
    record.health = firstHealth(record.server.check);
  });
  const how = isDrained ? 'UP/DRAIN' : 'UP/READY';
  const who = calledServer(record.server);
  states.tell(record, NOTICE, `${who} is ${how} (leaving forced maintenance).`);
  if (isDrained) states.tell(record, NOTICE, `${who} remains in forced drain mode.`);
}

function enterDrain(states: ServerStates, record: ServerRecord): void {
  const isLast = states.change(record, () => {
    record.admin = 'drain';
    record.isDrained = true;
  });
  const { server } = record;
  const text = `${calledServer(server)} enters drain state. ${onlineText(server, states.counts(server.proxy))}`;
  states.tell(record, NOTICE, text);
  if (isLast) states.tellEmpty(record);
}

function leaveDrain(states: ServerStates, record: ServerRecord): void {
  states.change(record, () => {
    record.admin = 'ready';
    record.isDrained = false;
  });
  const how = record.operation === 'down' ? 'DOWN' : 'UP';
  states.tell(record, NOTICE, `${calledServer(record.server)} is ${how} (leaving forced drain).`);
}

export function setAdmin(
  states: ServerStates,
  record: ServerRecord,
  wanted: 'ready' | 'drain' | 'maint',
): void {
  if (wanted === 'maint') {
    if (record.admin !== 'maint') enterMaintenance(states, record);
  } else if (record.admin === 'maint') {
    leaveMaintenance(states, record, wanted === 'drain');
  } else if (wanted === 'drain') {
    if (!record.isDrained) enterDrain(states, record);
  } else if (record.isDrained) {
    leaveDrain(states, record);
  }
}

/** `set server … health`. */
export function setOperation(states: ServerStates, record: ServerRecord, wanted: Operation): void {
  const cause = 'changed from CLI';
  if (wanted === 'down') states.setDown(record, undefined, cause);
  else if (wanted === 'up') states.setUp(record, undefined, cause);
  else states.setStopping(record, undefined, cause);
}

export function setWeight(states: ServerStates, record: ServerRecord, weight: number): void {
  states.change(record, () => {
    record.weight = weight;
  });
}
