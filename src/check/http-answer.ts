/** What came back from an HTTP check, taken apart: status, reason, fields, body. Hostile bytes in, undefined out when it is no
 * answer. Pure.
 */

export interface HttpAnswer {
  readonly status: number;
  readonly reason: string;
  /** Names in lower case. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** The bytes of a chunked body as far as they came. */
function unchunk(text: string): string {
  let body = '';
  let at = 0;
  for (;;) {
    const size = /^([0-9a-fA-F]{1,8})[^\r\n]*\r\n/.exec(text.slice(at, at + 256));
    if (size === null) return body;
    const length = Number.parseInt(size[1] as string, 16);
    if (length === 0) return body;
    at += size[0].length;
    body += text.slice(at, at + length);
    at += length + 2;
  }
}

/** What a server has sent so far as an answer; undefined when it is none, or its head is not complete. */
export function parseAnswer(bytes: Uint8Array): HttpAnswer | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const start = /^HTTP\/1\.[01] (\d{3})(?: ([^\r\n]*))?\r?\n/.exec(text);
  const end = /\r?\n\r?\n/.exec(text);
  if (start === null || end === null) return undefined;
  const fields: (readonly [string, string])[] = [];
  for (const line of text.slice(start[0].length, end.index).split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.push([line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]);
  }
  const rest = text.slice(end.index + end[0].length);
  const isChunked = fields.some(([name, value]) => name === 'transfer-encoding' && /chunked$/i.test(value));
  const body = isChunked ? unchunk(rest) : rest;
  return { status: Number(start[1]), reason: start[2] ?? '', fields, body };
}
