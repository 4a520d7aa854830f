/** The health checks of the process: when each server is asked, what is asked, and what its answer does. Runs on the main thread's
 * engine; owns the timers.
 */
import { headerBlock, NO_TLS, record, TLS_TYPE } from '../base/proxy-header.ts';
import type { Engine } from '../model/boundary.ts';
import type { Configuration } from '../model/configuration.ts';
import type { Server, ServerAddress } from '../model/server.ts';
import { checkSendsProxy } from '../model/server-proxy.ts';
import * as abi from '../native/abi.ts';
import { errnoName, errnoText } from './errno-text.ts';
import { intervalMs, nextHealth, type Verdict } from './health.ts';
import { parseAnswer } from './http-answer.ts';
import { checkMessage } from './messages.ts';
import { type CheckPlan, compileChecks } from './plan.ts';
import type { CheckResult, CheckStatus } from './result.ts';
import type { ServerRecord, ServerStates } from './server-state.ts';

/** Intervals below this do not spread the first checks over more time (HAProxy's SRV_CHK_INTER_THRES). */
const SPREAD_FROM_MS = 1000;
/** syslog level of `option log-health-checks`. */
const NOTICE = 5;

/** What time does to the checks: real timers, or a test's. */
export interface CheckClock {
  after(ms: number, run: () => void): void;
  /** 0 to 1. */
  random(): number;
}

/** Makes the bytes of a sockaddr; empty when there is no address. */
export type ToSockaddr = (address: ServerAddress | undefined, port: number) => Uint8Array;

interface Probe {
  readonly record: ServerRecord;
  readonly plan: CheckPlan;
}

export class Checks {
  private readonly configuration: Configuration;
  private readonly engine: Engine;
  private readonly states: ServerStates;
  private readonly clock: CheckClock;
  private readonly toSockaddr: ToSockaddr;
  private readonly probes: (Probe | undefined)[] = [];
  private isStopped = false;

  constructor(
    configuration: Configuration,
    engine: Engine,
    states: ServerStates,
    clock: CheckClock,
    toSockaddr: ToSockaddr,
  ) {
    this.configuration = configuration;
    this.engine = engine;
    this.states = states;
    this.clock = clock;
    this.toSockaddr = toSockaddr;
  }

  /** Begins all checks, the first ones spread over one interval so that servers are not asked all at once. */
  start(): void {
    const checked = this.configuration.servers.filter((one) => one.check.enabled && !one.proxy.disabled);
    const spread = checked.map((one) => one.check.interMs).filter((ms) => ms >= SPREAD_FROM_MS);
    const shortest = spread.length === 0 ? 0 : Math.min(...spread);
    const maxSpread = Number(this.configuration.global.settings.get('max-spread-checks')?.[0] ?? 0);
    for (const [position, server] of checked.entries()) {
      const record = this.states.of(server);
      this.probes[server.index] = { record, plan: compileChecks(server.proxy) };
      let within = Math.max(shortest, server.check.interMs);
      if (maxSpread > 0) within = Math.min(within, maxSpread);
      this.clock.after(Math.floor((within * position) / checked.length), () => this.check(server));
    }
  }

  /** No further check begins. */
  stop(): void {
    this.isStopped = true;
  }

  private check(server: Server): void {
    const probe = this.probes[server.index];
    if (this.isStopped || probe === undefined) return;
    const { record, plan } = probe;
    if (!record.checksEnabled || record.admin === 'maint') {
      this.again(record);
      return;
    }
    const address = server.check.address ?? server.resolved;
    const port = plan.port || server.check.port || 0;
    const sockaddr = this.toSockaddr(
      address,
      port === 0 && server.check.address?.port === 0 ? server.address.port : port,
    );
    if (sockaddr.length === 0) {
      this.take(record, plan, { status: 'SOCKERR', code: 0, info: 'no address', durationMs: 0 });
      return;
    }
    record.isChecking = true;
    this.command(record, plan, sockaddr);
  }

  private command(record: ServerRecord, plan: CheckPlan, sockaddr: Uint8Array): void {
    const { engine } = this;
    const { server } = record;
    const { timeouts } = server.proxy;
    const interMs = this.interval(record);
    const at = engine.command(abi.CMD_PROBE, server.index, 0);
    const words = engine.commands;
    words[at + abi.C_PROBE_ADDR] = engine.bytes(sockaddr);
    words[at + abi.C_PROBE_ADDR_LEN] = sockaddr.length;
    words[at + abi.C_PROBE_NETNS] = server.netnsFd + 1;
    const header = this.writeHeader(server, at);
    const sent = header === '' ? plan.request : Buffer.concat([Buffer.from(header, 'latin1'), plan.request]);
    words[at + abi.C_PROBE_SEND] = engine.bytes(sent);
    words[at + abi.C_PROBE_SEND_LEN] = sent.length;
    words[at + abi.C_PROBE_EXPECT] = plan.kind === 'tcp' ? abi.PROBE_EXPECT_CONNECT : abi.PROBE_EXPECT_HTTP;
    // `timeout check` bounds the answer; without it the interval bounds the whole check.
    const hasTimeout = timeouts.checkMs > 0;
    words[at + abi.C_PROBE_CONNECT_MS] =
      hasTimeout && timeouts.connectMs > 0 ? Math.min(timeouts.connectMs, interMs) : interMs;
    words[at + abi.C_PROBE_READ_MS] = hasTimeout ? timeouts.checkMs : interMs;
    engine.exec();
  }

  /** A PROXY header before the request: version 2 says that the connection is our own, version 1 names its addresses, which the
   * engine knows. */
  private writeHeader(server: Server, at: number): string {
    const { sendProxy, check } = server;
    const goesElsewhere = check.port !== 0 || check.address !== undefined;
    if (sendProxy === undefined || !checkSendsProxy(sendProxy, goesElsewhere)) return '';
    if (!sendProxy.sendsBlock) {
      this.engine.commands[at + abi.C_PROBE_LINE] = 1;
      return '';
    }
    const others = sendProxy.hasTls ? record(TLS_TYPE, NO_TLS) : '';
    return headerBlock(undefined, undefined, { named: '', hasChecksum: sendProxy.hasChecksum, others });
  }

  /** An answer of the engine. */
  onProbe(words: Uint32Array, at: number): void {
    const probe = this.probes[words[at + abi.P_ID] as number];
    if (probe === undefined || this.isStopped) return;
    const { record, plan } = probe;
    record.isChecking = false;
    if (!record.checksEnabled || record.admin === 'maint') this.again(record);
    else this.take(record, plan, this.resultOf(record, plan, words, at));
  }

  private resultOf(record: ServerRecord, plan: CheckPlan, words: Uint32Array, at: number): CheckResult {
    const durationMs = words[at + abi.P_TOTAL_MS] as number;
    const errno = words[at + abi.P_ERRNO] as number;
    const made = (status: CheckStatus, info = '', code = 0): CheckResult => ({
      status,
      code,
      info,
      durationMs,
    });
    switch (words[at + abi.P_RESULT]) {
      case abi.PROBE_OK:
        if (plan.kind === 'tcp') return made('L4OK');
        return this.judge(record, plan, words, at, made);
      case abi.PROBE_CONNECT:
        return made('L4CON', `${errnoName(errno)} returned by OS (${errnoText(errno)})`);
      case abi.PROBE_CONNECT_TIMEOUT:
        return made('L4TOUT');
      case abi.PROBE_READ_TIMEOUT:
        return made('L7TOUT');
      default:
        return made('SOCKERR', errno === 0 ? '' : `${errnoName(errno)} returned by OS (${errnoText(errno)})`);
    }
  }

  private judge(
    record: ServerRecord,
    plan: CheckPlan,
    words: Uint32Array,
    at: number,
    made: (status: CheckStatus, info?: string, code?: number) => CheckResult,
  ): CheckResult {
    const from = words[at + abi.P_DATA] as number;
    const bytes = this.engine.arena.bytes.subarray(from, from + (words[at + abi.P_DATA_LEN] as number));
    const answer = parseAnswer(bytes);
    if (answer === undefined) return made('SOCKERR');
    if (answer.status === 404 && plan.disableOn404 && record.operation !== 'down') {
      return made('L7OKC', answer.reason, 404);
    }
    for (const expectation of plan.expectations) {
      const refusal = expectation(answer);
      if (refusal === undefined) continue;
      const hasCode = refusal.status === 'L7STS';
      return made(refusal.status, refusal.info, hasCode ? answer.status : 0);
    }
    return made('L7OK', '', answer.status);
  }

  /** What <result> does to the server. */
  private take(record: ServerRecord, plan: CheckPlan, result: CheckResult): void {
    const { states } = this;
    const verdict = verdictOf(result.status);
    const before = record.health;
    const health = nextHealth(before, verdict, record.server.check);
    const isNews = record.result?.status !== result.status;
    // The first answer only tells what was not known.
    const isFirst = record.result === undefined;
    record.result = result;
    if (verdict === 'failed' && before > 0 && !isFirst) record.failedChecks++;
    states.setHealth(record, health);
    const isLogged = record.server.proxy.options.has('log-health-checks');
    if (isLogged && (health !== before || isNews)) {
      states.tell(record, NOTICE, checkMessage(record.server, result, health, record.weight));
    }
    // The reason was told by the line before.
    const reason = isLogged ? undefined : result;
    if (verdict === 'failed') {
      if (health === 0) states.setDown(record, reason, '');
    } else if (states.isHealthy(record)) {
      if (verdict === 'conditional' && plan.disableOn404) states.setStopping(record, reason, '');
      else states.setUp(record, reason, '');
    }
    this.again(record);
  }

  private interval(record: ServerRecord): number {
    const { check } = record.server;
    return intervalMs(record.health, record.operation === 'down', check, check);
  }

  /** The next check of this server. `spread-checks` moves it by up to so many percent either way. */
  private again(record: ServerRecord): void {
    if (this.isStopped) return;
    let ms = this.interval(record);
    const percent = this.configuration.global.spreadChecks;
    if (percent > 0) ms += Math.floor(((ms * percent) / 100) * (2 * this.clock.random() - 1));
    this.clock.after(Math.max(ms, 1), () => this.check(record.server));
  }
}

function verdictOf(status: CheckStatus): Verdict {
  if (status === 'L7OKC') return 'conditional';
  return status === 'L4OK' || status === 'L7OK' ? 'passed' : 'failed';
}
