/** Max-Forwards of TRACE and OPTIONS (RFC 9110 7.6.2): counted down on the way, and at zero the proxy itself is the final
 * recipient.
 */
import { HEAD_MAX_FORWARDS } from '../model/head-flags.ts';
import type { HttpMessage } from '../model/http-message.ts';
import type { ReplyBody } from '../model/reply.ts';
import * as abi from '../native/abi.ts';

const NAME = 'max-forwards';
const ID = Math.max(abi.FIELD_NAMES.indexOf(NAME), 0);
/** Methods that every resource here can be asked with, for an OPTIONS that ends here. */
const METHODS = 'GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS, TRACE, CONNECT';
/** Not echoed: likely to hold secrets (RFC 9110 9.3.8). */
const SECRET = /^(?:authorization|proxy-authorization|cookie):/i;

function traceReply(request: HttpMessage): ReplyBody {
  const lines = request.text.split('\r\n').filter((line) => line !== '' && !SECRET.test(line));
  const body = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  return {
    status: 200,
    reason: 'OK',
    names: ['content-length', 'content-type'],
    values: [String(body.length), 'message/http'],
    body,
    closes: false,
  };
}

function optionsReply(): ReplyBody {
  return {
    status: 200,
    reason: 'OK',
    names: ['content-length', 'allow'],
    values: ['0', METHODS],
    body: Buffer.alloc(0),
    closes: false,
  };
}

/** Counts the field down; the reply when it had reached zero, undefined when the request goes on. */
export function countForwards(request: HttpMessage): ReplyBody | undefined {
  if ((request.flags & HEAD_MAX_FORWARDS) === 0) return undefined;
  const index = request.find(ID, NAME, 0);
  if (index < 0) return undefined;
  const value = request.fieldValue(index);
  if (/^0+$/.test(value)) return request.method === 'TRACE' ? traceReply(request) : optionsReply();
  // Beyond 2^53 one less is not a double any more; no path is that long.
  request.replaceValue(index, String(Math.min(Number(value), Number.MAX_SAFE_INTEGER) - 1));
  return undefined;
}
