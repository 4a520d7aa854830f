/** Hot path. Fetches of bytes: the body as far as it was waited for, raw bytes of a TCP stream, and whether more may come. */

import type { Stream } from '../../model/stream.ts';
import * as abi from '../../native/abi.ts';
import { alias, fetch } from '../declare.ts';
import { bigEndian } from '../integer.ts';
import { paramOf } from '../split.ts';
import { requestSide } from './header.ts';

/** Bytes at hand: the body in HTTP mode, what the client has sent in TCP mode. */
function bytesAt(stream: Stream, from: number, length: number): string {
  const start = stream.bodyOffset + from;
  const end = Math.min(start + length, stream.bodyOffset + stream.bodyLength);
  return end <= start ? '' : stream.engine.arena.bytes.toString('latin1', start, end);
}

function isComplete(stream: Stream): boolean {
  return (stream.eventFlags & (abi.EVF_BODY_END | abi.EVF_BODY_NONE | abi.EVF_CLIENT_FIN)) !== 0;
}

/** A fetch of <count> bytes that are not all there may answer otherwise later. */
function payload(stream: Stream, from: number, length: number): string | undefined {
  if (stream.frontend.mode === 'http') return undefined;
  const wanted = length === 0 ? stream.bodyLength - from : length;
  if (wanted < 0 || from + wanted > stream.bodyLength) {
    stream.mayChange = !isComplete(stream);
    return undefined;
  }
  if (length === 0) stream.mayChange = !isComplete(stream);
  return bytesAt(stream, from, wanted);
}

function bodyOf(stream: Stream): string | undefined {
  return requestSide(stream) === undefined ? undefined : bytesAt(stream, 0, stream.bodyLength);
}

/** The whole body's announced length, or what is known of it. */
function bodySize(stream: Stream): number | undefined {
  if (requestSide(stream) === undefined) return undefined;
  const announced = stream.request.get(0, 'content-length');
  return announced === undefined ? stream.bodyLength : Number.parseInt(announced, 10);
}

const received = fetch({
  name: 'req.len',
  args: [],
  output: 'sint',
  uses: 'request bytes',
  fetch: (stream) => {
    stream.mayChange = !isComplete(stream);
    return stream.frontend.mode === 'http'
      ? stream.request.text.length + stream.bodyLength
      : stream.bodyLength;
  },
});

export const bodyFetches = [
  fetch({ name: 'req.body', args: [], output: 'bin', uses: 'request head', fetch: bodyOf }),
  fetch({
    name: 'req.body_len',
    args: [],
    output: 'sint',
    uses: 'request head',
    fetch: (stream) => (requestSide(stream) === undefined ? undefined : stream.bodyLength),
  }),
  fetch({ name: 'req.body_size', args: [], output: 'sint', uses: 'request head', fetch: bodySize }),
  fetch({
    name: 'req.body_param',
    args: ['str?', 'str?'],
    output: 'bin',
    uses: 'request head',
    fetch: (stream, [name]) => {
      const body = bodyOf(stream);
      if (body === undefined) return undefined;
      return name === undefined || name === '' ? /=([^&]*)/.exec(body)?.[1] : paramOf(body, name, '&');
    },
  }),
  received,
  alias('req_len', received),
  fetch({
    name: 'req.payload',
    args: ['sint', 'sint'],
    output: 'bin',
    uses: 'request bytes',
    check: ([from, length]) =>
      from < 0 || length < 0 ? 'expects non-negative offset and length' : undefined,
    fetch: (stream, [from, length]) => payload(stream, from, length),
  }),
  fetch({
    name: 'req.payload_lv',
    args: ['sint', 'sint', 'str?'],
    output: 'bin',
    uses: 'request bytes',
    check: ([from, width, offset]) => {
      if (from < 0 || width < 1 || width > 8) return 'expects an offset and a width of 1 to 8 bytes';
      return offset === undefined || /^[+-]?\d{1,9}$/.test(offset)
        ? undefined
        : `'${offset}' is not an offset`;
    },
    fetch: (stream, [from, width, offset]) => {
      const prefix = payload(stream, from, width);
      if (prefix === undefined) return undefined;
      const relative = /^[+-]/.test(offset ?? '+');
      const start = relative ? from + width + Number(offset ?? 0) : Number(offset);
      const length = Number(bigEndian(prefix));
      return length === 0 ? undefined : payload(stream, start, length);
    },
  }),
  fetch({
    name: 'wait_end',
    args: [],
    output: 'bool',
    uses: 'internal',
    // True once the inspection is over: at the deadline, or when nothing more can come.
    fetch: (stream) => {
      if (isComplete(stream) || (stream.wakeReason & abi.WAKE_DEADLINE) !== 0) return true;
      stream.mayChange = true;
      return undefined;
    },
  }),
];
