/** Hot path. One data thread's state: the plans of all proxies, the sessions and streams that live on this thread, its slice of the
 * counters. Everything the steps share; nothing of it is seen by another thread.
 */
import type { Engine } from '../model/boundary.ts';
import type { Configuration } from '../model/configuration.ts';
import {
  type CounterLayout,
  counterSlice,
  countRate,
  listenerRecord,
  serverRecord,
} from '../model/counter-slices.ts';
import {
  COUNT_CONN_RATE,
  COUNT_CONN_RATE_MAX,
  COUNT_CONN_TOT,
  COUNT_RATE,
  COUNT_RATE_MAX,
  COUNT_STOT,
} from '../model/counters.ts';
import { Live } from '../model/live.ts';
import type { LogLine, Proxy } from '../model/proxy.ts';
import { Session } from '../model/session.ts';
import { sessionDestination, sessionSource } from '../model/session-address.ts';
import * as abi from '../native/abi.ts';
import { DataStream } from './data-stream.ts';
import { type PairPlan, planPair } from './pair-plan.ts';
import { type DefaultLogFormat, type ProxyPlan, planProxy } from './proxy-plan.ts';

/** Memory that all threads share, made by main before they start. */
export interface SharedMemory {
  readonly live: SharedArrayBuffer;
  readonly counters: SharedArrayBuffer;
  /** Data threads: slices in `counters`. */
  readonly threads: number;
}

/** What the data path needs from rooms that it does not know: how a log line leaves, what is done with an exception. */
export interface PlaneLogs {
  readonly defaultFormat: DefaultLogFormat;
  /** Sends one line to one target, with the header that the `log` line asks for. */
  write(engine: Engine, line: LogLine, level: number, text: string, proxy: Proxy): void;
  onPolicyError(text: string, error: unknown): void;
}

/** Stream records kept for reuse: more are left to the garbage collector. */
export const SPARE_STREAMS_MAX = 4096;

export class Plane {
  readonly configuration: Configuration;
  readonly engine: Engine;
  readonly live: Live;
  readonly layout: CounterLayout;
  readonly counters: Float64Array;
  readonly plans: ProxyPlan[] = [];
  readonly proxiesByName = new Map<string, Proxy>();
  readonly streams: (DataStream | undefined)[] = [];
  private readonly sessions: (Session | undefined)[] = [];
  private readonly spare: DataStream[] = [];

  private readonly logs: PlaneLogs;

  constructor(configuration: Configuration, engine: Engine, shared: SharedMemory, logs: PlaneLogs) {
    this.logs = logs;
    this.configuration = configuration;
    this.engine = engine;
    const { proxies, servers, listeners } = configuration;
    const counts = { proxies: proxies.length, servers: servers.length, listeners: listeners.length };
    this.live = new Live(new Int32Array(shared.live), counts);
    this.layout = Object.assign({ threads: shared.threads }, counts);
    this.counters = counterSlice(shared.counters, this.layout, engine.thread);
    for (const proxy of proxies) {
      this.plans.push(planProxy(proxy, this.live, logs.defaultFormat));
      if (proxy.isBackend) this.proxiesByName.set(proxy.name, proxy);
    }
  }

  writeLog(line: LogLine, level: number, text: string, proxy: Proxy): void {
    this.logs.write(this.engine, line, level, text, proxy);
  }

  onPolicyError(text: string, error: unknown): void {
    this.logs.onPolicyError(text, error);
  }

  serverCounters(server: number): number {
    return serverRecord(this.layout, server);
  }

  count(at: number, amount: number): void {
    this.counters[at] = (this.counters[at] as number) + amount;
  }

  pairOf(frontend: ProxyPlan, backend: ProxyPlan): PairPlan {
    const index = backend.proxy.index;
    const known = frontend.pairs[index];
    if (known !== undefined) return known;
    const pair = planPair(frontend, backend);
    frontend.pairs[index] = pair;
    return pair;
  }

  /** The session of a client connection whose session begins, or began before. One that came from another process was counted there. */
  sessionOf(conn: number, generation: number, listenerIndex: number, isMoved: boolean): Session {
    const session = this.connectionOf(conn, generation, listenerIndex, isMoved);
    if (!session.isOpen) this.openSession(session);
    return session;
  }

  /** The same before it begins: made with the first event of the connection. */
  connectionOf(conn: number, generation: number, listenerIndex: number, isMoved: boolean): Session {
    const known = this.sessions[conn];
    if (known !== undefined && known.generation === generation) return known;
    const listener = this.configuration.listeners[listenerIndex];
    if (listener === undefined) throw new RangeError(`listener ${listenerIndex} is not known`);
    const session = new Session(conn, generation, listener);
    session.isMoved = isMoved;
    this.sessions[conn] = session;
    if (isMoved) return session;
    const frontend = (this.plans[listener.proxy.index] as ProxyPlan).frontendCounters;
    this.count(frontend + COUNT_CONN_TOT, 1);
    countRate(this.counters, frontend + COUNT_CONN_RATE, frontend + COUNT_CONN_RATE_MAX, this.engine.nowMs);
    this.count(listenerRecord(this.layout, listener.index) + COUNT_CONN_TOT, 1);
    return session;
  }

  planOf(session: Session): ProxyPlan {
    return this.plans[session.listener.proxy.index] as ProxyPlan;
  }

  openSession(session: Session): void {
    const { listener } = session;
    const plan = this.plans[listener.proxy.index] as ProxyPlan;
    const frontend = plan.frontendCounters;
    session.isOpen = true;
    // A log line is built when the connection may be gone already: what it says of it is asked now.
    if (plan.proxy.logs.length > 0) sessionSource(session, this.engine);
    if (plan.logsDestination) sessionDestination(session, this.engine);
    if (session.isMoved) return;
    this.count(frontend + COUNT_STOT, 1);
    countRate(this.counters, frontend + COUNT_RATE, frontend + COUNT_RATE_MAX, this.engine.nowMs);
    this.count(listenerRecord(this.layout, listener.index) + COUNT_STOT, 1);
  }

  endSession(conn: number, generation: number): void {
    if (this.sessions[conn]?.generation === generation) this.sessions[conn] = undefined;
  }

  /** Lends a record for a stream that begins. */
  beginStream(index: number, generation: number, session: Session): DataStream {
    const stream = this.lend(index, generation, session);
    this.streams[index] = stream;
    session.streams++;
    return stream;
  }

  private lend(index: number, generation: number, session: Session): DataStream {
    const stream = this.spare.pop() ?? new DataStream();
    stream.begin(this.engine, index, generation, session);
    const plan = this.plans[session.listener.proxy.index] as ProxyPlan;
    stream.frontendPlan = plan;
    stream.backendPlan = plan;
    return stream;
  }

  /** A record for rules and log lines of a connection that has no stream yet. */
  lendForConnection(session: Session): DataStream {
    const stream = this.lend(abi.NONE, 0, session);
    stream.request.setNone();
    return stream;
  }

  giveBack(stream: DataStream): void {
    stream.isActive = false;
    if (this.spare.length < SPARE_STREAMS_MAX) this.spare.push(stream);
  }

  /** The stream an event names; undefined when it is not that one any more. */
  streamOf(index: number, generation: number): DataStream | undefined {
    const stream = this.streams[index];
    return stream !== undefined && stream.generation === generation ? stream : undefined;
  }

  endStream(stream: DataStream): void {
    stream.end = undefined;
    this.streams[stream.index] = undefined;
    this.giveBack(stream);
  }
}
