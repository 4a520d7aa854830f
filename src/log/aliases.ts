/** The `%` aliases of log formats: for each its name, what kind of value it gives and how to get it. The kind decides how flags
 * apply: `text` is quoted and becomes `-` when empty, `raw` is written as it is, `int` is a number, `encoded` is quoted and has
 * unsafe bytes replaced, `capture` lists captured headers.
 *
 * See also: configuration.txt 8.2.6.
 */
import type { Address } from '../base/ip.ts';
import type { Proxy } from '../model/proxy.ts';
import { destinationOf, destinationPortOf, sourceOf, sourcePortOf } from '../model/session-address.ts';
import type { Stream } from '../model/stream.ts';
import * as abi from '../native/abi.ts';
import * as end from '../sample/stream-end.ts';
import { localMillis, localWithZone, utcWithZone } from './dates.ts';
import * as line from './request-line.ts';

/** What aliases need to know of the process. */
export interface LogSettings {
  readonly hostname: string;
  readonly pid: number;
  /** tune.http.logurilen */
  readonly uriBytes: number;
}

interface Common {
  readonly name: string;
  /** Needs an HTTP proxy to mean anything. */
  readonly isHttp?: boolean;
}

export type Alias = Common &
  (
    | { readonly kind: 'global' }
    | { readonly kind: 'text' | 'raw' | 'encoded'; get(stream: Stream, settings: LogSettings): string }
    | {
        readonly kind: 'int';
        get(stream: Stream, settings: LogSettings): number;
        /** Digits with the flag X; undefined: X changes nothing. */
        readonly hexDigits?: number;
        /** A `+` before the number when this holds. */
        readonly plus?: (stream: Stream) => boolean;
        readonly padding?: number;
      }
    | { readonly kind: 'address'; get(stream: Stream): Address | undefined }
    | { readonly kind: 'port'; get(stream: Stream): number | undefined }
    | { readonly kind: 'captures' | 'capture list'; readonly isResponse: boolean }
  );

const T = {
  idle: (stream: Stream) => end.timerOf(stream, abi.X_T_IDLE),
  request: (stream: Stream) => end.timerOf(stream, abi.X_T_REQUEST),
  queue: (stream: Stream) => end.timerOf(stream, abi.X_T_QUEUE),
  connect: (stream: Stream) => end.timerOf(stream, abi.X_T_CONNECT),
  data: (stream: Stream) => end.timerOf(stream, abi.X_T_DATA),
  close: (stream: Stream) => end.timerOf(stream, abi.X_T_CLOSE),
};

/** %Tw in ms; -1 when the request did not come so far. */
export function queueTime(stream: Stream): number {
  const queue = T.queue(stream);
  return queue < 0 ? -1 : queue - T.request(stream);
}

/** %Tc in ms; -1 without a connection. */
export function connectTime(stream: Stream): number {
  const connect = T.connect(stream);
  return connect < 0 ? -1 : connect - T.queue(stream);
}

/** %Tr in ms; -1 without a response. */
export function responseTime(stream: Stream): number {
  const data = T.data(stream);
  return data < 0 ? -1 : data - T.connect(stream);
}

/** %TR in ms; -1 without a whole request. */
export function requestTime(stream: Stream): number {
  const request = T.request(stream);
  return request < 0 ? -1 : request - T.idle(stream);
}

/** %Ta in ms. */
export function activeTime(stream: Stream): number {
  return T.close(stream) - Math.max(T.idle(stream), 0);
}

function dataTime(stream: Stream): number {
  const isHttp = (stream.backend ?? stream.frontend).mode === 'http';
  const from = isHttp ? T.data(stream) : T.connect(stream);
  return from < 0 ? -1 : T.close(stream) - from;
}

/** %b; the frontend's name when no backend was chosen. */
export function backendName(stream: Stream): string {
  return stream.backend === undefined ? stream.frontend.name : stream.backend.name;
}

/** %s. */
export function serverName(stream: Stream): string {
  return stream.server === undefined ? '<NOSRV>' : stream.server.name;
}

function sourcePort(stream: Stream): number | undefined {
  if (sourceOf(stream) === undefined) return stream.session.listener.id;
  return sourcePortOf(stream);
}

function destinationPort(stream: Stream): number | undefined {
  if (destinationOf(stream) === undefined) return stream.session.listener.id;
  return destinationPortOf(stream);
}

/** Requests this thread has numbered, and log lines per frontend; threads interleave the numbers of requests so that none is given
 * twice. */
const counters = { lines: new Map<Proxy, number>(), requests: 0 };
const THREADS_MAX = 64;

/** Counts a stream's log once, whatever the number of targets. */
export function countLine(proxy: Proxy): void {
  counters.lines.set(proxy, (counters.lines.get(proxy) ?? 0) + 1);
}

function requestNumber(stream: Stream): number {
  const known = stream.extras?.get(counters) as number | undefined;
  if (known !== undefined) return known;
  const number = (counters.requests++ * THREADS_MAX + (stream.engine.thread % THREADS_MAX)) >>> 0;
  stream.extras ??= new Map();
  stream.extras.set(counters, number);
  return number;
}

function uniqueId(stream: Stream): string {
  stream.uniqueId ??= stream.frontend.uniqueIdFormat?.build(stream);
  return stream.uniqueId ?? '';
}

const dates: readonly Alias[] = [
  { name: 't', kind: 'raw', get: (s) => localMillis(end.acceptSeconds(s), end.acceptMillis(s)) },
  { name: 'T', kind: 'raw', get: (s) => utcWithZone(end.acceptSeconds(s)) },
  { name: 'Tl', kind: 'raw', get: (s) => localWithZone(end.acceptSeconds(s)) },
  { name: 'Ts', kind: 'int', get: end.acceptSeconds, hexDigits: 4 },
  { name: 'ms', kind: 'int', get: end.acceptMillis, hexDigits: 2, padding: 3 },
  {
    name: 'tr',
    kind: 'raw',
    isHttp: true,
    get: (s) => localMillis(end.requestSeconds(s), end.requestMillis(s)),
  },
  { name: 'trg', kind: 'raw', isHttp: true, get: (s) => utcWithZone(end.requestSeconds(s)) },
  { name: 'trl', kind: 'raw', isHttp: true, get: (s) => localWithZone(end.requestSeconds(s)) },
];

const timers: readonly Alias[] = [
  { name: 'Ta', kind: 'int', isHttp: true, get: activeTime },
  { name: 'Tc', kind: 'int', get: connectTime },
  { name: 'Td', kind: 'int', get: dataTime },
  { name: 'Th', kind: 'int', get: end.handshakeTime },
  { name: 'Ti', kind: 'int', isHttp: true, get: end.idleTime },
  { name: 'Tq', kind: 'int', isHttp: true, get: T.request },
  { name: 'TR', kind: 'int', isHttp: true, get: requestTime },
  { name: 'Tr', kind: 'int', isHttp: true, get: responseTime },
  { name: 'Tt', kind: 'int', get: T.close },
  { name: 'Tu', kind: 'int', get: (s) => T.close(s) - end.idleTime(s) },
  { name: 'Tw', kind: 'int', get: queueTime },
];

const request = (s: Stream, { uriBytes }: LogSettings): string => line.requestLine(s, uriBytes);

const requests: readonly Alias[] = [
  { name: 'r', kind: 'encoded', isHttp: true, get: request },
  { name: 'HM', kind: 'encoded', isHttp: true, get: (s, settings) => line.lineMethod(request(s, settings)) },
  { name: 'HP', kind: 'encoded', isHttp: true, get: (s, settings) => line.linePath(request(s, settings)) },
  {
    name: 'HPO',
    kind: 'encoded',
    isHttp: true,
    get: (s, settings) => line.linePathOnly(request(s, settings)),
  },
  { name: 'HQ', kind: 'encoded', isHttp: true, get: (s, settings) => line.lineQuery(request(s, settings)) },
  { name: 'HU', kind: 'encoded', isHttp: true, get: (s, settings) => line.lineUri(request(s, settings)) },
  { name: 'HV', kind: 'encoded', isHttp: true, get: (s, settings) => line.lineVersion(request(s, settings)) },
  { name: 'hr', kind: 'captures', isResponse: false },
  { name: 'hrl', kind: 'capture list', isResponse: false },
  { name: 'hs', kind: 'captures', isResponse: true },
  { name: 'hsl', kind: 'capture list', isResponse: true },
];

const others: readonly Alias[] = [
  { name: 'o', kind: 'global' },
  { name: 'B', kind: 'int', get: end.bytesFromServer },
  { name: 'CC', kind: 'text', isHttp: true, get: () => '' },
  { name: 'CS', kind: 'text', isHttp: true, get: () => '' },
  { name: 'H', kind: 'text', get: (_s, settings) => settings.hostname },
  { name: 'ID', kind: 'text', get: uniqueId },
  { name: 'OG', kind: 'text', get: (s) => (s.end === undefined ? 'unspec' : 'txn_close') },
  { name: 'ST', kind: 'int', get: end.statusOf },
  { name: 'U', kind: 'int', get: end.bytesFromClient },
  { name: 'ac', kind: 'int', get: end.actconn },
  { name: 'b', kind: 'text', get: backendName },
  { name: 'bc', kind: 'int', get: end.beconn },
  { name: 'bi', kind: 'text', get: () => '' },
  { name: 'bp', kind: 'text', get: () => '' },
  { name: 'bq', kind: 'int', get: end.backendQueue },
  { name: 'ci', kind: 'address', get: sourceOf },
  { name: 'cp', kind: 'port', get: sourcePort },
  { name: 'f', kind: 'text', get: (s) => s.frontend.name },
  { name: 'fc', kind: 'int', get: end.feconn },
  { name: 'fi', kind: 'address', get: destinationOf },
  { name: 'fp', kind: 'port', get: destinationPort },
  { name: 'ft', kind: 'text', get: (s) => s.frontend.name },
  { name: 'lc', kind: 'int', get: (s) => counters.lines.get(s.frontend) ?? 0, hexDigits: 4 },
  { name: 'pid', kind: 'int', get: (_s, settings) => settings.pid, hexDigits: 4 },
  { name: 'rc', kind: 'int', get: (s) => s.retries, plus: (s) => s.redispatched },
  { name: 'rt', kind: 'int', get: requestNumber, hexDigits: 4 },
  { name: 's', kind: 'text', get: serverName },
  { name: 'sc', kind: 'int', get: end.srvconn },
  { name: 'si', kind: 'text', get: (s) => s.server?.resolved?.host ?? '' },
  { name: 'sp', kind: 'text', get: (s) => String(s.server?.resolved?.port ?? '') },
  { name: 'sq', kind: 'int', get: end.serverQueue },
  { name: 'sslc', kind: 'text', get: () => '' },
  { name: 'sslv', kind: 'text', get: () => '' },
  { name: 'ts', kind: 'raw', get: end.terminationOf },
  { name: 'tsc', kind: 'raw', isHttp: true, get: (s) => `${end.terminationOf(s)}--` },
];

export const aliases: readonly Alias[] = [...dates, ...timers, ...requests, ...others];

const byName = new Map(aliases.map((alias) => [alias.name, alias]));

/** By the name behind the percent sign. */
export function findAlias(name: string): Alias | undefined {
  return byName.get(name);
}
