/** Raw HTTP responses read from files: `errorfile` messages become what actions and error pages send. Parsed once at start. */
import type { ReplyBody } from './reply.ts';

/** Bytes of a message read from a file. */
export const REPLY_MESSAGE_MAX = 65536;

function fieldsEnd(raw: Buffer): { head: string; body: Buffer } | undefined {
  for (const separator of ['\r\n\r\n', '\n\n']) {
    const at = raw.indexOf(separator);
    if (at >= 0) return { head: raw.toString('latin1', 0, at), body: raw.subarray(at + separator.length) };
  }
  return undefined;
}

/** Parses a raw HTTP/1 response as `errorfile` has it (lines may end in LF alone, as people write them). `content-length` is
 * computed when the file has none; `transfer-encoding` is refused. undefined: not a response. */
export function parseReply(raw: Buffer): ReplyBody | undefined {
  if (raw.length > REPLY_MESSAGE_MAX) return undefined;
  const parts = fieldsEnd(raw) ?? { head: raw.toString('latin1').trimEnd(), body: Buffer.alloc(0) };
  const lines = parts.head.split(/\r?\n/);
  const start = /^HTTP\/1\.[01] ([1-9]\d\d)(?: (.*))?$/.exec(lines[0] as string);
  if (start === null) return undefined;
  const names: string[] = [];
  const values: string[] = [];
  let closes = false;
  for (const line of lines.slice(1)) {
    const field = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(line);
    if (field === null) return undefined;
    const name = (field[1] as string).toLowerCase();
    if (name === 'transfer-encoding') return undefined;
    if (name === 'content-length') {
      if (Number(field[2]) > parts.body.length) return undefined;
      if (names.includes(name)) continue;
      field[2] = String(parts.body.length);
    }
    if (name === 'connection' && /\bclose\b/i.test(field[2] as string)) closes = true;
    names.push(name);
    values.push(field[2] as string);
  }
  if (!names.includes('content-length')) {
    names.unshift('content-length');
    values.unshift(String(parts.body.length));
  }
  return {
    status: Number(start[1]),
    reason: start[2] ?? '',
    names,
    values,
    body: parts.body,
    closes,
  };
}
