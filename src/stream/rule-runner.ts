/** Hot path. Runs the rules of one set in order, from where a wait left it. `stream.rule` names the rule being evaluated: it is what
 * the log line of an exception shows.
 */
import { ACTION_CONTINUE, ACTION_WAIT, CONDITION_FAIL, CONDITION_MAYBE, type Rule } from '../model/rules.ts';
import type { Stream } from '../model/stream.ts';
import * as abi from '../native/abi.ts';

/** Returns ACTION_*: CONTINUE at the end of the set, STOP, DONE (answered) or WAIT (come again, same rule). */
export function runRules(stream: Stream, rules: readonly Rule[]): number {
  // A rule that waited had its condition met; only its action is run again.
  let isResumed = stream.wakeReason !== 0;
  for (let i = stream.ruleIndex; i < rules.length; i++) {
    const rule = rules[i] as Rule;
    stream.rule = rule;
    if (!isResumed && rule.condition !== undefined && !rule.condition.test(stream)) continue;
    isResumed = false;
    const outcome = rule.action.run(stream);
    if (outcome === ACTION_WAIT) {
      stream.ruleIndex = i;
      return outcome;
    }
    stream.wakeReason = 0;
    if (outcome === ACTION_CONTINUE) continue;
    stream.ruleIndex = 0;
    stream.rule = undefined;
    return outcome;
  }
  stream.wakeReason = 0;
  stream.ruleIndex = 0;
  stream.rule = undefined;
  return ACTION_CONTINUE;
}

/** `tcp-request content`: a condition that may still change waits for bytes, until <canWait> is false. All rules are looked at again
 * from the one that waited, because more bytes may have changed its condition. */
export function runContentRules(stream: Stream, rules: readonly Rule[], canWait: boolean): number {
  for (let i = stream.ruleIndex; i < rules.length; i++) {
    const rule = rules[i] as Rule;
    stream.rule = rule;
    if (rule.condition !== undefined) {
      const holds = rule.condition.evaluate(stream);
      if (holds === CONDITION_MAYBE && canWait) return waitForBytes(stream, i);
      if (holds === CONDITION_FAIL || holds === CONDITION_MAYBE) continue;
    }
    const outcome = rule.action.run(stream);
    if (outcome === ACTION_CONTINUE) continue;
    stream.ruleIndex = outcome === ACTION_WAIT ? i : 0;
    return outcome;
  }
  stream.ruleIndex = 0;
  stream.rule = undefined;
  return ACTION_CONTINUE;
}

function waitForBytes(stream: Stream, rule: number): number {
  stream.ruleIndex = rule;
  stream.waitReasons = abi.WAKE_BYTES;
  stream.waitBytes = stream.bodyLength + 1;
  stream.waitMs = -1;
  return ACTION_WAIT;
}

/** Commands the WAIT that an action asked for. <limitMs>: a deadline of the step's own, -1 none. */
export function commandWait(stream: Stream, limitMs: number): void {
  const engine = stream.engine;
  stream.waitStartMs = engine.nowMs;
  const own = stream.waitMs;
  const deadline = own < 0 || (limitMs >= 0 && limitMs < own) ? limitMs : own;
  const at = engine.command(abi.CMD_WAIT, stream.index, stream.generation);
  engine.commands[at + abi.C_REASONS] =
    stream.waitReasons | abi.WAKE_ABORT | (deadline >= 0 ? abi.WAKE_DEADLINE : 0);
  engine.commands[at + abi.C_DEADLINE_MS] = deadline >= 0 ? deadline : abi.NONE;
  engine.commands[at + abi.C_WANT_BYTES] = stream.waitBytes;
  stream.waitReasons = 0;
  stream.waitMs = -1;
  stream.waitBytes = 0;
}
