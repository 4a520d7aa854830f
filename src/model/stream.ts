/** Hot path. A stream is one request and its response (or one TCP exchange): the record every step, fetch and action works
 * on. The data thread that runs it owns it; records are reused, so `begin` sets every field.
 */
import type { Engine } from './boundary.ts';
import { HttpMessage } from './http-message.ts';
import type { Proxy } from './proxy.ts';
import type { Reply } from './reply.ts';
import type { Rule, SampleValue } from './rules.ts';
import type { Server } from './server.ts';
import type { Session } from './session.ts';
import type { Endpoint } from './session-address.ts';

/** Why a stream ended, in HAProxy's two characters. */
export interface Termination {
  who: string;
  when: string;
}

export class Stream {
  index = 0;
  generation = 0;
  engine!: Engine;
  session!: Session;
  frontend!: Proxy;
  backend: Proxy | undefined;
  server: Server | undefined;
  readonly request = new HttpMessage();
  readonly response = new HttpMessage();
  /** 0 request phase, 1 response phase: which message `hdr`, `http-*` actions work on. */
  phase = 0;
  /** The step that runs next (src/stream/steps.ts) and, inside a rule set, the rule that runs next. */
  step = 0;
  ruleIndex = 0;
  /** The rule being evaluated: named in the log line of an exception. */
  rule: Rule | undefined;
  retries = 0;
  redispatched = false;
  /** This stream holds a slot of `server`. */
  holdsSlot = false;
  /** EVF_* of the last event. */
  eventFlags = 0;
  wakeReason = 0;
  /** Status of a response of our own, 0 otherwise. */
  localStatus = 0;
  /** Two characters set by policy; '' = the engine's view counts. */
  termination = '';
  /** txn and req/res variables by full name (`txn.x`); sess.* live in the session, proc.* in the process. */
  variables: Map<string, SampleValue> | undefined;
  /** `capture request header` / `http-request capture` slots, then response ones. */
  requestCaptures: (string | undefined)[] | undefined;
  responseCaptures: (string | undefined)[] | undefined;
  uniqueId: string | undefined;
  /** What rules on this stream made of its addresses; undefined: the session's. */
  source: Endpoint | undefined;
  destination: Endpoint | undefined;
  /** Body bytes at hand (arena offset, length) when a rule asked for the body. */
  bodyOffset = 0;
  bodyLength = 0;
  /** Words of EV_END while the log line is built; undefined before. */
  end: Uint32Array | undefined;
  /** Offset of those words in `end`. */
  endOffset = 0;
  /** Room for what one family remembers about this stream (compression choice, log level …), by its own key object. */
  extras: Map<object, unknown> | undefined;
  /** `set-log-level silent` and friends: undefined = the proxy's own. */
  logLevel: number | undefined;
  /** What an action answers instead of a server: sent when it returned ACTION_DONE; undefined = the stream ends unanswered,
   * `abortHow` (ABORT_*) says how. */
  reply: Reply | undefined;
  abortHow = 0;
  /** `tarpit`: `reply` is sent only after so long; 0 = at once. */
  tarpitMs = 0;
  /** `set-timeout tarpit`; -1 = the frontend's own. */
  tarpitTimeoutMs = -1;
  /** What an action that returned ACTION_WAIT waits for: WAKE_* reasons, a deadline (-1 = none), body bytes. */
  waitReasons = 0;
  waitMs = -1;
  waitBytes = 0;
  /** Monotonic ms when the WAIT was commanded; -1 = none is under way. */
  waitStartMs = -1;
  /** Set by a fetch whose answer may change when more bytes come; a condition that read one waits in `tcp-request content`. */
  mayChange = false;
  isActive = false;
  /** Monotonic ms when policy first heard of it. */
  beganMs = 0;

  begin(engine: Engine, index: number, generation: number, session: Session): void {
    this.index = index;
    this.generation = generation;
    this.engine = engine;
    this.session = session;
    this.frontend = session.listener.proxy;
    this.backend = undefined;
    this.server = undefined;
    this.phase = 0;
    this.step = 0;
    this.ruleIndex = 0;
    this.rule = undefined;
    this.retries = 0;
    this.redispatched = false;
    this.holdsSlot = false;
    this.eventFlags = 0;
    this.wakeReason = 0;
    this.localStatus = 0;
    this.termination = '';
    this.variables = undefined;
    this.requestCaptures = undefined;
    this.responseCaptures = undefined;
    this.uniqueId = undefined;
    this.source = undefined;
    this.destination = undefined;
    this.bodyOffset = 0;
    this.bodyLength = 0;
    this.end = undefined;
    this.endOffset = 0;
    this.extras = undefined;
    this.logLevel = undefined;
    this.reply = undefined;
    this.abortHow = 0;
    this.tarpitMs = 0;
    this.tarpitTimeoutMs = -1;
    this.waitReasons = 0;
    this.waitMs = -1;
    this.waitBytes = 0;
    this.waitStartMs = -1;
    this.mayChange = false;
    this.isActive = true;
    this.beganMs = engine.nowMs;
  }
}
