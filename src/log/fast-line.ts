/** Hot path. The lines of `option httplog` and `option tcplog`, written out by hand: a busy proxy spends more on them than on its rules.
 * What costs is joining strings and turning numbers into text, so whatever repeats is kept: the client of a session, the names
 * around a server, the date of a second, small numbers with the slash behind them. All of it lives per thread and is bounded.
 */

import { HEAD_ABSOLUTE } from '../model/head-flags.ts';
import type { Proxy } from '../model/proxy.ts';
import type { Server } from '../model/server.ts';
import { sourceOf, sourcePortOf } from '../model/session-address.ts';
import type { Stream } from '../model/stream.ts';
import * as abi from '../native/abi.ts';
import * as end from '../sample/stream-end.ts';
import { captureText } from './build.ts';
import { localDate, three } from './dates.ts';
import { encodeUrl } from './encode.ts';
import { requestLine } from './request-line.ts';

/** Numbers below this have their text kept. */
const SMALL_MAX = 2048;

const slashed: string[] = [];
const milliseconds: string[] = [];

/** `n/` */
function slash(value: number): string {
  if (value < 0 || value >= SMALL_MAX) return `${value}/`;
  const known = slashed[value];
  if (known !== undefined) return known;
  for (let i = slashed.length; i <= value; i++) slashed.push(`${i}/`);
  return slashed[value] as string;
}

/** Timers below this have the text of all three together kept. */
const TINY_MAX_MS = 8;
const triples: (string | undefined)[] = [];

/** `0/0/1/`: on a local network the first three timers are nearly always a few milliseconds. */
function threeTimers(a: number, b: number, c: number): string {
  if (a < 0 || b < 0 || c < 0 || a >= TINY_MAX_MS || b >= TINY_MAX_MS || c >= TINY_MAX_MS) {
    return slash(a) + slash(b) + slash(c);
  }
  const index = (a * TINY_MAX_MS + b) * TINY_MAX_MS + c;
  let text = triples[index];
  if (text === undefined) {
    text = `${a}/${b}/${c}/`;
    triples[index] = text;
  }
  return text;
}

const statuses: (string | undefined)[] = [];

/** ` 200 ` */
function statusText(status: number): string {
  if (status < 0 || status > 999) return ` ${status} `;
  let text = statuses[status];
  if (text === undefined) {
    text = ` ${status} `;
    statuses[status] = text;
  }
  return text;
}

/** `.066] ` */
function millis(value: number): string {
  if (milliseconds.length === 0) for (let i = 0; i < 1000; i++) milliseconds.push(`.${three(i)}] `);
  return milliseconds[value] ?? `.${three(value)}] `;
}

/** `address:port [`; a unix socket has the listener's number for a port. */
function clientText(stream: Stream): string {
  const session = stream.session;
  if (stream.source !== undefined) return `${clientName(stream)} [`;
  if (session.clientText === '') session.clientText = `${clientName(stream)} [`;
  return session.clientText;
}

export function clientName(stream: Stream): string {
  const source = sourceOf(stream);
  if (source === undefined) return `unix:${stream.session.listener.id}`;
  return `${source.toString()}:${sourcePortOf(stream)}`;
}

/** The names around one server, for the frontend that used it last. */
interface Names {
  frontend: Proxy;
  text: string;
}

/** By server index: as many as there are servers. */
const names: (Names | undefined)[] = [];

/** `frontend backend/server ` */
function namesText(stream: Stream): string {
  const { server, frontend } = stream;
  if (server === undefined) return makeNames(frontend, stream.backend, undefined);
  const known = names[server.index];
  if (known !== undefined && known.frontend === frontend) return known.text;
  const text = makeNames(frontend, stream.backend, server);
  names[server.index] = { frontend, text };
  return text;
}

function makeNames(frontend: Proxy, backend: Proxy | undefined, server: Server | undefined): string {
  return `${frontend.name} ${(backend ?? frontend).name}/${server === undefined ? '<NOSRV>' : server.name} `;
}

/** ` ac/fc/bc/sc/rc sq/bq`, alone and behind a normal termination; the same as the last line's more often than not. */
const lastCounts = { ac: -1, fc: -1, bc: -1, sc: -1, text: '', afterNormal: '' };

function countsText(stream: Stream, words: Uint32Array, at: number): string {
  const ac = words[at + abi.X_ACTCONN] as number;
  const fc = words[at + abi.X_FECONN] as number;
  const bc = words[at + abi.X_BECONN] as number;
  const sc = words[at + abi.X_SRVCONN] as number;
  const serverQueue = words[at + abi.X_QUEUE_SERVER] as number;
  const backendQueue = words[at + abi.X_QUEUE_BACKEND] as number;
  if (stream.retries !== 0 || stream.redispatched || serverQueue !== 0 || backendQueue !== 0) {
    const retries = stream.redispatched ? `+${stream.retries}` : String(stream.retries);
    return ` ${ac}/${fc}/${bc}/${sc}/${retries} ${serverQueue}/${backendQueue}`;
  }
  const last = lastCounts;
  if (ac !== last.ac || fc !== last.fc || bc !== last.bc || sc !== last.sc) {
    last.ac = ac;
    last.fc = fc;
    last.bc = bc;
    last.sc = sc;
    last.text = ` ${ac}/${fc}/${bc}/${sc}/0 0/0`;
    last.afterNormal = ` - - ----${last.text}`;
  }
  return last.text;
}

/** ` - - ---- 4/3/2/1/0 0/0`: cookies, termination and counts. */
function tailText(stream: Stream, words: Uint32Array, at: number): string {
  const counts = countsText(stream, words, at);
  const termination = end.terminationOf(stream);
  if (termination === '--' && counts === lastCounts.text) return lastCounts.afterNormal;
  return ` - - ${termination}--${counts}`;
}

/** The request line between quotes. Its end and what must be escaped in it are looked for in one walk over the head, which is one
 * flat string: a part cut out of it costs five times as much to read. */
function quotedRequest(stream: Stream, uriBytes: number): string {
  const { request } = stream;
  const { text } = request;
  // The bytes of an absolute target were moved when it was normalised: its line is not the head's first.
  if (request.version !== 0 && (request.flags & HEAD_ABSOLUTE) === 0) {
    const last = Math.min(text.length, uriBytes);
    for (let i = 0; i < last; i++) {
      const code = text.charCodeAt(i);
      if (code > 35 ? code < 127 : code === 32 || code === 33) continue;
      if (code === 13 && i > 0) return ` "${text.substring(0, i)}"`; // 0: an empty line before it
      break;
    }
  }
  return ` "${encodeUrl(requestLine(stream, uriBytes))}"`;
}

/** The line of `option httplog`. */
export function httpLine(stream: Stream, uriBytes: number): string {
  const words = stream.end as Uint32Array;
  const at = stream.endOffset;
  const idle = (words[at + abi.X_T_IDLE] as number) | 0;
  const request = (words[at + abi.X_T_REQUEST] as number) | 0;
  const queue = (words[at + abi.X_T_QUEUE] as number) | 0;
  const connect = (words[at + abi.X_T_CONNECT] as number) | 0;
  const data = (words[at + abi.X_T_DATA] as number) | 0;
  const close = (words[at + abi.X_T_CLOSE] as number) | 0;
  const date =
    localDate(words[at + abi.X_REQUEST_SEC] as number) + millis(words[at + abi.X_REQUEST_MS] as number);
  const timers = threeTimers(
    request < 0 ? -1 : request - idle,
    queue < 0 ? -1 : queue - request,
    connect < 0 ? -1 : connect - queue,
  );
  let out = clientText(stream) + date + namesText(stream) + timers;
  out += slash(data < 0 ? -1 : data - connect) + (idle < 0 ? close : close - idle);
  out += statusText(end.statusOf(stream)) + end.bytesFromServer(stream) + tailText(stream, words, at);
  const { frontend } = stream;
  if (frontend.requestCaptures.length > 0) out += captured(stream, false);
  if (frontend.responseCaptures.length > 0) out += captured(stream, true);
  return out + quotedRequest(stream, uriBytes);
}

function captured(stream: Stream, isResponse: boolean): string {
  const text = captureText(stream, isResponse);
  return text === '' ? '' : ` ${text}`;
}

/** The line of `option tcplog`. */
export function tcpLine(stream: Stream): string {
  const words = stream.end as Uint32Array;
  const at = stream.endOffset;
  const request = (words[at + abi.X_T_REQUEST] as number) | 0;
  const queue = (words[at + abi.X_T_QUEUE] as number) | 0;
  const connect = (words[at + abi.X_T_CONNECT] as number) | 0;
  const date =
    localDate(words[at + abi.X_ACCEPT_SEC] as number) + millis(words[at + abi.X_ACCEPT_MS] as number);
  let out = clientText(stream) + date + namesText(stream);
  out += slash(queue < 0 ? -1 : queue - request) + slash(connect < 0 ? -1 : connect - queue);
  out += `${(words[at + abi.X_T_CLOSE] as number) | 0} ${end.bytesFromServer(stream)} ${end.terminationOf(stream)}`;
  return out + countsText(stream, words, at);
}
