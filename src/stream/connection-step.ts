/** Hot path for connections, off the path of requests. A client connection before its first stream: `tcp-request connection` rules when
 * it came, `tcp-request session` rules when its PROXY header was read, and the log line of one from which no header came. The engine
 * asks only where a bind line or a rule wants it; saying nothing lets the connection go on.
 */
import { listenerRecord } from '../model/counter-slices.ts';
import { COUNT_DCON, COUNT_DREQ, COUNT_DSES } from '../model/counters.ts';
import { ACTION_DONE, type Rule } from '../model/rules.ts';
import type { Session } from '../model/session.ts';
import { forgetAddresses } from '../model/session-address.ts';
import * as abi from '../native/abi.ts';
import type { DataStream } from './data-stream.ts';
import { logHandshake, logPolicyError } from './log-step.ts';
import type { Plane } from './plane.ts';
import { runRules } from './rule-runner.ts';

function refuse(plane: Plane, session: Session, how: number): void {
  const at = plane.engine.command(abi.CMD_CONNECTION, session.conn, session.generation);
  plane.engine.commands[at + abi.C_HOW] = how;
}

function countRefused(plane: Plane, stream: DataStream, counter: number): void {
  const counted = stream.abortHow === abi.ABORT_SILENT ? COUNT_DREQ : counter;
  plane.count(stream.frontendPlan.frontendCounters + counted, 1);
  plane.count(listenerRecord(plane.layout, stream.session.listener.index) + counted, 1);
}

/** Runs <rules>; false when one of them refused the connection. <reject>: how a plain `reject` ends it, ABORT_*. */
function admits(
  plane: Plane,
  session: Session,
  rules: readonly Rule[] | undefined,
  reject: number,
  counter: number,
): boolean {
  if (rules === undefined) return true;
  const stream = plane.lendForConnection(session);
  try {
    if (runRules(stream, rules) !== ACTION_DONE) return true;
    countRefused(plane, stream, counter);
    refuse(plane, session, stream.abortHow === abi.ABORT_CLOSE ? reject : stream.abortHow);
  } catch (error) {
    logPolicyError(plane, stream, error);
    refuse(plane, session, abi.ABORT_RESET);
  } finally {
    plane.giveBack(stream);
  }
  return false;
}

function failed(plane: Plane, session: Session, words: Uint32Array, at: number): void {
  const stream = plane.lendForConnection(session);
  session.handshakeError = words[at + abi.E_ARG] as number;
  try {
    logHandshake(
      plane,
      stream,
      words[at + abi.K_ACCEPT_SEC] as number,
      words[at + abi.K_ACCEPT_MS] as number,
    );
  } finally {
    plane.giveBack(stream);
  }
}

/** EV_CONNECTION. */
export function onConnection(plane: Plane, words: Uint32Array, at: number): void {
  const listener = words[at + abi.E_LISTENER] as number;
  try {
    const session = plane.connectionOf(
      words[at + abi.E_CONN] as number,
      words[at + abi.E_CONN_GEN] as number,
      listener,
      ((words[at + abi.E_FLAGS] as number) & abi.EVF_MOVED) !== 0,
    );
    const plan = plane.planOf(session);
    switch (words[at + abi.E_REASON]) {
      case abi.CONNECTION_ACCEPTED:
        admits(plane, session, plan.tcpConnection, abi.ABORT_RESET, COUNT_DCON);
        // A header may name other addresses than the socket's.
        forgetAddresses(session);
        return;
      case abi.CONNECTION_OPEN:
        if (admits(plane, session, plan.tcpSession, abi.ABORT_CLOSE, COUNT_DSES)) plane.openSession(session);
        return;
      default:
        failed(plane, session, words, at);
    }
  } catch (error) {
    logPolicyError(plane, undefined, error);
  }
}
