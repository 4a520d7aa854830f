/** A proxy as the data path uses it: its section resolved once, when a data thread starts, into what each step reads. Never
 * changed afterwards.
 */
import { parseAddress } from '../base/ip.ts';
import { parseReply } from '../http/reply-message.ts';
import { createBalancer } from '../lb/balance.ts';
import type { Balancer } from '../lb/server-group.ts';
import { backendRecord, frontendRecord } from '../model/counter-slices.ts';
import type { Live } from '../model/live.ts';
import type { Proxy } from '../model/proxy.ts';
import { type ReplyBody, SILENT_REPLY } from '../model/reply.ts';
import type { LogFormat, Rule, RuleSet } from '../model/rules.ts';
import type { Server } from '../model/server.ts';
import type { Stream } from '../model/stream.ts';
import type { PairPlan } from './pair-plan.ts';

/** HAProxy's own format for a proxy that names none (src/log). */
export type DefaultLogFormat = (proxy: Proxy) => LogFormat;

/** HAProxy waits this long before it tries the same server again. */
export const TURNAROUND_MAX_MS = 1000;

export interface ProxyPlan {
  readonly proxy: Proxy;
  readonly isHttp: boolean;
  /** Word offsets of its counters. */
  readonly frontendCounters: number;
  readonly backendCounters: number;
  /** undefined for a rule set without rules: the step is skipped. */
  readonly tcpConnection: readonly Rule[] | undefined;
  readonly tcpSession: readonly Rule[] | undefined;
  readonly tcpContent: readonly Rule[] | undefined;
  /** `option http-buffer-request`, and how long it waits (-1 = for ever). */
  readonly buffersRequest: boolean;
  readonly bodyWaitMs: number;
  /** `tcp-request inspect-delay`. */
  readonly inspectDelayMs: number;
  readonly httpRequest: readonly Rule[] | undefined;
  readonly tcpResponse: readonly Rule[] | undefined;
  readonly httpResponse: readonly Rule[] | undefined;
  readonly httpAfterResponse: readonly Rule[] | undefined;
  readonly hasRequestCaptures: boolean;
  readonly hasResponseCaptures: boolean;
  readonly monitorUri: string | undefined;
  /** `monitor fail` conditions. */
  monitorFails(stream: Stream): boolean;
  readonly balancer: Balancer;
  /** Octets of a server's address, for a connection to a port of its own; undefined for a unix socket. */
  serverOctets(server: Server): Uint8Array | undefined;
  /** `option httpclose` in this section. */
  readonly closesClient: boolean;
  readonly isAbortOnClose: boolean;
  /** 0 = wait for ever. */
  readonly queueMs: number;
  readonly turnaroundMs: number;
  readonly logFormat: LogFormat;
  /** `error-log-format`, or the same as `logFormat`. */
  readonly errorLogFormat: LogFormat;
  /** No format was chosen: a line when a stream begins, none at its end. */
  readonly logsConnect: boolean;
  /** A log line says to which address the client connected. */
  readonly logsDestination: boolean;
  /** `option dontlog-normal`. */
  readonly skipsNormalLog: boolean;
  /** `option dontlognull` for a TCP session that sent nothing; HTTP ones never become a stream. */
  readonly skipsNullLog: boolean;
  /** `option log-separate-errors`. */
  readonly separatesErrors: boolean;
  readonly errorReplies: Map<number, ReplyBody>;
  /** By backend index, made when a pair is first used. */
  readonly pairs: (PairPlan | undefined)[];
}

function rulesOf(proxy: Proxy, set: RuleSet): readonly Rule[] | undefined {
  const rules = proxy.rules.get(set);
  return rules === undefined || rules.length === 0 ? undefined : rules;
}

function turnaroundMs(proxy: Proxy): number {
  const connectMs = proxy.timeouts.connectMs;
  return connectMs > 0 && connectMs < TURNAROUND_MAX_MS ? connectMs : TURNAROUND_MAX_MS;
}

function positive(ms: number): number {
  return ms > 0 ? ms : -1;
}

/** `timeout queue` is the connect timeout unless set. */
function queueMs(proxy: Proxy): number {
  const { queueMs: own, connectMs } = proxy.timeouts;
  return own >= 0 ? own : Math.max(connectMs, 0);
}

export function planProxy(proxy: Proxy, live: Live, defaultFormat: DefaultLogFormat): ProxyPlan {
  const logFormat = proxy.logFormat ?? defaultFormat(proxy);
  const errorReplies = new Map<number, ReplyBody>();
  for (const [status, file] of proxy.errorFiles) {
    const message = file.message.length === 0 ? SILENT_REPLY : parseReply(file.message);
    if (message !== undefined) errorReplies.set(status, message);
  }
  return {
    proxy,
    isHttp: proxy.mode === 'http',
    frontendCounters: frontendRecord(proxy.index),
    backendCounters: backendRecord(proxy.index),
    tcpConnection: rulesOf(proxy, 'tcp-request connection'),
    tcpSession: rulesOf(proxy, 'tcp-request session'),
    tcpContent: rulesOf(proxy, 'tcp-request content'),
    buffersRequest: proxy.options.has('http-buffer-request'),
    bodyWaitMs:
      proxy.timeouts.httpRequestMs > 0 ? proxy.timeouts.httpRequestMs : positive(proxy.timeouts.clientMs),
    inspectDelayMs: proxy.inspectDelayMs ?? 0,
    httpRequest: rulesOf(proxy, 'http-request'),
    tcpResponse: rulesOf(proxy, 'tcp-response content'),
    httpResponse: rulesOf(proxy, 'http-response'),
    httpAfterResponse: rulesOf(proxy, 'http-after-response'),
    hasRequestCaptures: proxy.requestCaptures.length > 0,
    hasResponseCaptures: proxy.responseCaptures.length > 0,
    monitorUri: proxy.settings.get('monitor-uri')?.[0],
    monitorFails: (stream) => proxy.monitorFails?.some((condition) => condition.test(stream)) === true,
    balancer: createBalancer(proxy, live),
    serverOctets: (server) => parseAddress(server.resolved?.host ?? '')?.octets,
    closesClient: proxy.options.has('httpclose'),
    isAbortOnClose: proxy.options.has('abortonclose'),
    queueMs: queueMs(proxy),
    turnaroundMs: turnaroundMs(proxy),
    logFormat,
    errorLogFormat: proxy.errorLogFormat ?? logFormat,
    logsConnect: proxy.logFormat === undefined && proxy.logFormatKind === 'default',
    logsDestination: proxy.logs.length > 0 && /%(?:\{[^}]*\})?f[ip]|dst/.test(logFormat.source),
    skipsNormalLog: proxy.options.has('dontlog-normal'),
    skipsNullLog: proxy.mode === 'tcp' && proxy.options.has('dontlognull'),
    separatesErrors: proxy.options.has('log-separate-errors'),
    errorReplies,
    pairs: [],
  };
}
