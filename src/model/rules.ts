/** Compiled policy as the data path runs it: conditions, expressions, log formats and actions. The families that compile
 * them live above (sample, acl, action, log); proxies only hold the results.
 */
import type { Place } from './place.ts';
import type { Stream } from './stream.ts';

/** A value of the sample language. str, bin and meth are latin1 strings (one character, one byte); sint is a number, or a
 * bigint beyond 2^53; addresses are `Address` objects of base/ip.ts. */
export type SampleValue = string | number | bigint | boolean | object;
export type SampleType = 'any' | 'bool' | 'sint' | 'addr' | 'ipv4' | 'ipv6' | 'str' | 'bin' | 'meth';

export interface Expression {
  readonly source: string;
  readonly type: SampleType;
  /** undefined: no sample. */
  evaluate(stream: Stream): SampleValue | undefined;
}

/** Outcomes of a condition: MAYBE when what it read may still change with more bytes (`tcp-request content` then waits). Their
 * bits are chosen so that "and" is `&` and "or" is `|`. */
export const CONDITION_FAIL = 0;
export const CONDITION_MAYBE = 1;
export const CONDITION_PASS = 3;

export interface Condition {
  readonly source: string;
  /** One of its acls looks at bytes below HTTP, which a proxy in mode http does not show. */
  readonly readsBytes?: boolean;
  /** True for PASS only. */
  test(stream: Stream): boolean;
  /** CONDITION_*. */
  evaluate(stream: Stream): number;
}

export interface LogFormat {
  readonly source: string;
  /** The line for this stream (at its end, or in the middle of it for header values). */
  build(stream: Stream): string;
  /** The text when it is the same for every stream. */
  readonly constant: string | undefined;
}

/** What the rule engine does after an action: go on, end this rule set (allow), the stream was answered (done), or
 * come again when the engine wakes the stream (wait). */
export const ACTION_CONTINUE = 0;
export const ACTION_STOP = 1;
export const ACTION_DONE = 2;
export const ACTION_WAIT = 3;

export interface Action {
  readonly name: string;
  run(stream: Stream): number;
}

export interface Rule {
  readonly place: Place;
  readonly action: Action;
  readonly condition: Condition | undefined;
}

/** Named rule sets, in the order they run. */
export type RuleSet =
  | 'tcp-request connection'
  | 'tcp-request session'
  | 'tcp-request content'
  | 'http-request'
  | 'tcp-response content'
  | 'http-response'
  | 'http-after-response';
