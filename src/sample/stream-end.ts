/** Hot path. The figures of a log line: words of the engine's END event while the line of a finished stream is built, and what can be
 * told before that when a log format is evaluated in the middle of a stream (a header value).
 */
import type { Stream } from '../model/stream.ts';
import * as abi from '../native/abi.ts';

/** Milliseconds from the accept, -1 when that point was never reached. */
export function timerOf(stream: Stream, word: number): number {
  const end = stream.end;
  if (end === undefined) return -1;
  // NONE is 0xffffffff: as a signed word it is -1
  return (end[stream.endOffset + word] as number) | 0;
}

/** Milliseconds of a connection's first request that reading its PROXY header took. */
export function handshakeTime(stream: Stream): number {
  return Math.max(timerOf(stream, abi.X_T_HANDSHAKE), 0);
}

/** Milliseconds until the first byte of a request, behind the handshake. */
export function idleTime(stream: Stream): number {
  return Math.max(timerOf(stream, abi.X_T_IDLE) - handshakeTime(stream), 0);
}

function wordOf(stream: Stream, word: number): number {
  const end = stream.end;
  return end === undefined ? 0 : (end[stream.endOffset + word] as number);
}

/** <from> to <to>, -1 when <to> was not reached. */
export function between(from: number, to: number): number {
  return to < 0 ? -1 : to - Math.max(from, 0);
}

/** Seconds since 1970 of the accept; now, while the stream lives. */
export function acceptSeconds(stream: Stream): number {
  return stream.end === undefined ? Math.floor(Date.now() / 1000) : wordOf(stream, abi.X_ACCEPT_SEC);
}

/** Its milliseconds, 0 to 999. */
export function acceptMillis(stream: Stream): number {
  return stream.end === undefined ? Date.now() % 1000 : wordOf(stream, abi.X_ACCEPT_MS);
}

/** Seconds since 1970 of the request's first byte; now, while the stream lives. */
export function requestSeconds(stream: Stream): number {
  return stream.end === undefined ? Math.floor(Date.now() / 1000) : wordOf(stream, abi.X_REQUEST_SEC);
}

/** Its milliseconds, 0 to 999. */
export function requestMillis(stream: Stream): number {
  return stream.end === undefined ? Date.now() % 1000 : wordOf(stream, abi.X_REQUEST_MS);
}

/** What the client was sent; -1: an HTTP request that got no answer; 0: there was no request. */
export function statusOf(stream: Stream): number {
  if (stream.localStatus !== 0) return stream.localStatus;
  const sent = wordOf(stream, abi.X_STATUS);
  if (sent !== 0) return sent;
  if (stream.end === undefined && stream.response.status > 0) return stream.response.status;
  return stream.request.version === 0 ? 0 : -1;
}

/** Bytes from the server, as the engine counts them: an answer of the proxy's own adds none. */
export function bytesFromServer(stream: Stream): number {
  return wordOf(stream, abi.X_BYTES_OUT_LO) + wordOf(stream, abi.X_BYTES_OUT_HI) * 0x1_0000_0000;
}

/** %U; two words, since one holds 4 GB. */
export function bytesFromClient(stream: Stream): number {
  return wordOf(stream, abi.X_BYTES_IN_LO) + wordOf(stream, abi.X_BYTES_IN_HI) * 0x1_0000_0000;
}

const KNOWN_TERMINATIONS = new Map<number, string>();

/** Two characters; policy's own view counts more than the engine's. */
export function terminationOf(stream: Stream): string {
  if (stream.termination !== '') return stream.termination;
  const word = wordOf(stream, abi.X_TERM);
  if (word === 0) return '--';
  let text = KNOWN_TERMINATIONS.get(word);
  if (text === undefined) {
    text = String.fromCharCode(word & 0xff || 0x2d, (word >>> 8) & 0xff || 0x2d);
    KNOWN_TERMINATIONS.set(word, text);
  }
  return text;
}

export const actconn = (stream: Stream): number => wordOf(stream, abi.X_ACTCONN);
export const feconn = (stream: Stream): number => wordOf(stream, abi.X_FECONN);
export const beconn = (stream: Stream): number => wordOf(stream, abi.X_BECONN);
export const srvconn = (stream: Stream): number => wordOf(stream, abi.X_SRVCONN);
export const serverQueue = (stream: Stream): number => wordOf(stream, abi.X_QUEUE_SERVER);
export const backendQueue = (stream: Stream): number => wordOf(stream, abi.X_QUEUE_BACKEND);
