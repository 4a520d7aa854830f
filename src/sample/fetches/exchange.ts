/** Hot path. Fetches of how an exchange went: its timers, dates, bytes and queues. They are known at its end, so logs are where
 * they belong; in rules most of them are missing.
 *
 * See also: configuration.txt 8.4.
 */

import type { Stream } from '../../model/stream.ts';
import * as abi from '../../native/abi.ts';
import { alias, type Fetch, fetch } from '../declare.ts';
import type { Source } from '../sources.ts';
import * as end from '../stream-end.ts';

type Get = (stream: Stream) => number;

/** A fetch that is missing until the exchange is over. */
function figure(name: string, uses: Source, get: Get): Fetch {
  return fetch({
    name,
    args: [],
    output: 'sint',
    uses,
    fetch: (stream) => (stream.end === undefined ? undefined : get(stream)),
  });
}

const timer =
  (word: number): Get =>
  (stream) =>
    end.timerOf(stream, word);

const idle = timer(abi.X_T_IDLE);
const request = timer(abi.X_T_REQUEST);
const queue = timer(abi.X_T_QUEUE);
const connect = timer(abi.X_T_CONNECT);
const data = timer(abi.X_T_DATA);
const close = timer(abi.X_T_CLOSE);

/** From one point to the next; -1 when the second was not reached. */
const from =
  (first: Get, second: Get): Get =>
  (stream) =>
    second(stream) < 0 ? -1 : second(stream) - first(stream);

const active: Get = (stream) => close(stream) - Math.max(idle(stream), 0);

/** Seconds, or a finer unit. */
function dateFetch(name: string, uses: Source, seconds: Get, millis: Get): Fetch {
  return fetch({
    name,
    args: ['str?'],
    output: 'sint',
    uses,
    check: ([unit]) =>
      unit === undefined || ['', 's', 'ms', 'us'].includes(unit)
        ? undefined
        : `expects 's', 'ms' or 'us', got '${unit}'`,
    fetch: (stream, [unit]) => {
      if (unit === 'ms') return seconds(stream) * 1000 + millis(stream);
      return unit === 'us' ? (seconds(stream) * 1000 + millis(stream)) * 1000 : seconds(stream);
    },
  });
}

const bytesIn = figure('req.bytes_in', 'request end', end.bytesFromClient);
const bytesOut = figure('res.bytes_in', 'response end', end.bytesFromServer);

export const exchangeFetches: readonly Fetch[] = [
  dateFetch('accept_date', 'client', end.acceptSeconds, end.acceptMillis),
  dateFetch('request_date', 'request line', end.requestSeconds, end.requestMillis),
  figure('fc.timer.handshake', 'client', end.handshakeTime),
  figure('fc.timer.total', 'session end', close),
  figure('req.timer.idle', 'request head', end.idleTime),
  figure('req.timer.tq', 'request head', request),
  figure('req.timer.hdr', 'request head', from(idle, request)),
  figure('req.timer.queue', 'server address', from(request, queue)),
  figure('bc.timer.connect', 'server address', from(queue, connect)),
  figure('res.timer.hdr', 'response head', from(connect, data)),
  figure('res.timer.data', 'response end', from(data, close)),
  figure('txn.timer.total', 'transaction end', active),
  figure('txn.timer.user', 'transaction end', active),
  bytesIn,
  alias('bytes_in', bytesIn),
  bytesOut,
  alias('bytes_out', bytesOut),
  figure('bc_be_queue', 'server address', end.backendQueue),
  figure('bc_srv_queue', 'server address', end.serverQueue),
  fetch({
    name: 'txn.sess_term_state',
    args: [],
    output: 'str',
    uses: 'internal',
    fetch: (stream) => end.terminationOf(stream),
  }),
];
