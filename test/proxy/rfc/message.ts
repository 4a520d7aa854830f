/**
 * A strict reader of HTTP/1 messages, the opposite of a robust one: whatever the proxy writes must match the grammar of
 * RFC 9112 to the octet, so every sender's MUST NOT of that document is checked in every case of every page.
 */

export interface Message {
  startLine: string;
  fields: [string, string][];
  body: Buffer;
  trailers: [string, string][];
  /** The framing says that the whole body is there. */
  complete: boolean;
  /** Bytes of the wire that belong to this message so far. */
  size: number;
}

export interface Reading {
  isResponse: boolean;
  /** How the peer ended its direction, if it did: a body that runs to the end is complete on FIN only. */
  fin: boolean;
  /** The response answers HEAD (no content) or CONNECT (a 2xx starts a tunnel). */
  method: string;
}

const requestLine = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+ [\x21-\x7e\x80-\xff]+ HTTP\/1\.[01]$/;
const statusLine = /^HTTP\/1\.[01] [1-9][0-9][0-9] [\t\x20-\x7e\x80-\xff]*$/;
const fieldLine =
  /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?[ \t]*$/;
const chunkLine =
  /^([0-9A-Fa-f]{1,16})((?:;[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:=(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+|"[^"]*"))?)*)$/;

function linesOf(text: string): string[] {
  const lines = text.split('\r\n');
  for (const line of lines) {
    if (/[\r\n]/.test(line)) throw new Error(`a bare CR or LF in ${JSON.stringify(line)}`);
  }
  return lines;
}

function readFields(lines: string[]): [string, string][] {
  return lines.map((line) => {
    const match = fieldLine.exec(line);
    if (match === null) throw new Error(`not a field line: ${JSON.stringify(line)}`);
    return [match[1]!.toLowerCase(), match[2] ?? ''];
  });
}

export function valuesOf(fields: [string, string][], name: string): string[] {
  return fields.filter(([fieldName]) => fieldName === name).map(([, value]) => value);
}

interface Body {
  body: Buffer;
  trailers: [string, string][];
  complete: boolean;
  size: number;
}

function readChunked(bytes: Buffer): Body {
  const pieces: Buffer[] = [];
  let at = 0;
  const partial = (): Body => ({ body: Buffer.concat(pieces), trailers: [], complete: false, size: at });
  for (;;) {
    const end = bytes.indexOf('\r\n', at);
    if (end < 0) return partial();
    const match = chunkLine.exec(bytes.toString('latin1', at, end));
    if (match === null)
      throw new Error(`not a chunk-size line: ${JSON.stringify(bytes.toString('latin1', at, end))}`);
    const size = Number.parseInt(match[1]!, 16);
    if (size === 0) {
      at = end + 2;
      const last = bytes.indexOf('\r\n', at) === at ? at : bytes.indexOf('\r\n\r\n', at);
      if (last < 0) return partial();
      const trailers = last === at ? [] : readFields(linesOf(bytes.toString('latin1', at, last)));
      return { body: Buffer.concat(pieces), trailers, complete: true, size: last === at ? at + 2 : last + 4 };
    }
    const data = bytes.subarray(end + 2, end + 2 + size);
    pieces.push(data);
    at = end + 2 + data.length;
    if (data.length < size || bytes.length < at + 2) return partial();
    if (bytes.toString('latin1', at, at + 2) !== '\r\n')
      throw new Error('chunk data is not followed by CRLF');
    at += 2;
  }
}

function readSized(bytes: Buffer, length: number): Body {
  const body = bytes.subarray(0, length);
  return { body, trailers: [], complete: body.length === length, size: body.length };
}

/** Frames the body as RFC 9112 §6.3 says; both framing fields at once, or two lengths, are a sender's fault. */
function readBody(bytes: Buffer, startLine: string, fields: [string, string][], reading: Reading): Body {
  const lengths = valuesOf(fields, 'content-length');
  const codings = valuesOf(fields, 'transfer-encoding');
  if (lengths.length > 1) throw new Error('two Content-Length fields were sent');
  if (lengths.length + codings.length > 1)
    throw new Error('Content-Length and Transfer-Encoding were sent together');
  if (lengths.some((length) => !/^\d{1,19}$/.test(length))) throw new Error(`Content-Length: ${lengths[0]}`);
  if (reading.isResponse) {
    const status = Number(startLine.slice(9, 12));
    const isTunnel = status === 101 || (reading.method === 'CONNECT' && status < 300 && status >= 200);
    if ((status < 200 || status === 204 || isTunnel) && lengths.length + codings.length > 0) {
      throw new Error(`a framing field in a response of status ${status}`);
    }
    if (status < 200 || status === 204 || status === 304 || reading.method === 'HEAD' || isTunnel)
      return readSized(bytes, 0);
  }
  if (codings.length === 1) {
    if (codings[0]!.toLowerCase() !== 'chunked') throw new Error(`Transfer-Encoding: ${codings[0]}`);
    return readChunked(bytes);
  }
  if (lengths.length === 1) return readSized(bytes, Number(lengths[0]));
  if (!reading.isResponse) return readSized(bytes, 0);
  return { body: bytes, trailers: [], complete: reading.fin, size: bytes.length };
}

/** The message at the start of <bytes>, perhaps incomplete; undefined while its head is. Throws on any breach. */
export function readMessage(bytes: Buffer, reading: Reading): Message | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [startLine = '', ...lines] = linesOf(bytes.toString('latin1', 0, end));
  if (!(reading.isResponse ? statusLine : requestLine).test(startLine)) {
    throw new Error(`not a ${reading.isResponse ? 'status' : 'request'} line: ${JSON.stringify(startLine)}`);
  }
  const fields = readFields(lines);
  const body = readBody(bytes.subarray(end + 4), startLine, fields, reading);
  return { startLine, fields, ...body, size: end + 4 + body.size };
}
