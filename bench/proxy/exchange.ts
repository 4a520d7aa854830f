/**
 * One request and its response over one connection, byte by byte as they stand on the wire: what the checks and the
 * held connections speak. It decodes chunks itself, because how many bytes were sent is part of what is measured.
 */
import { connect, type Socket } from 'node:net';
import type { Request } from './scenarios.ts';

const EXCHANGE_WITHIN_MS = 20_000;
const RESPONSE_MAX_BYTES = 64 * 1024 * 1024;
const HEAD_END = Buffer.from('\r\n\r\n');

export interface Answer {
  readonly status: number;
  readonly fields: ReadonlyMap<string, string>;
  /** Everything that was received: head, framing and body. */
  readonly wireBytes: number;
  /** Without framing, still content-coded. */
  readonly body: Buffer;
}

export const requestHead = (request: Request, bodyLength: number): Buffer => {
  const lines = [`${request.method} ${request.path} HTTP/1.1`];
  for (const [name, value] of Object.entries(request.headers)) lines.push(`${name}: ${value}`);
  if (bodyLength > 0) lines.push(`Content-Length: ${bodyLength}`);
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
};

/** The payload of a chunked message once its last chunk is there, else nothing. */
const unchunked = (bytes: Buffer): Buffer | undefined => {
  const pieces: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at, 'latin1');
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    if (!(size >= 0)) throw new Error(`bad chunk size at byte ${at}`);
    if (size === 0) return bytes.length >= lineEnd + 4 ? Buffer.concat(pieces) : undefined;
    if (bytes.length < lineEnd + 2 + size + 2) return undefined;
    pieces.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
};

interface Head {
  readonly status: number;
  readonly fields: Map<string, string>;
  readonly bodyAt: number;
}

const parseHead = (bytes: Buffer): Head | undefined => {
  const end = bytes.indexOf(HEAD_END);
  if (end < 0) return undefined;
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const fields = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    fields.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return { status: Number(statusLine.split(' ')[1]), fields, bodyAt: end + HEAD_END.length };
};

/** The whole answer when these bytes hold it; `ended` says that no more will come. */
const wholeAnswer = (bytes: Buffer, head: Head, ended: boolean): Answer | undefined => {
  const payload = bytes.subarray(head.bodyAt);
  const declared = head.fields.get('content-length');
  let body: Buffer | undefined;
  if (head.fields.get('transfer-encoding') === 'chunked') body = unchunked(payload);
  else if (declared !== undefined) body = payload.length >= Number(declared) ? payload : undefined;
  else body = ended ? payload : undefined;
  return body && { status: head.status, fields: head.fields, wireBytes: bytes.length, body };
};

/** Reads one answer; the pieces are joined only when enough came to be worth another look. */
const readAnswer = (socket: Socket, done: (error: Error | undefined, answer?: Answer) => void): void => {
  const pieces: Buffer[] = [];
  let size = 0;
  let head: Head | undefined;
  const look = (ended: boolean): void => {
    const bytes = Buffer.concat(pieces);
    try {
      head ??= parseHead(bytes);
      const answer = head && wholeAnswer(bytes, head, ended);
      if (answer) done(undefined, answer);
      else if (ended) done(new Error(`the connection ended after ${size} bytes of an answer`));
    } catch (error) {
      done(error as Error);
    }
  };
  socket.on('data', (piece: Buffer) => {
    pieces.push(piece);
    size += piece.length;
    if (size > RESPONSE_MAX_BYTES)
      return done(new Error(`more than ${RESPONSE_MAX_BYTES} bytes of an answer`));
    const declared = Number(head?.fields.get('content-length') ?? 0);
    if (head && size < head.bodyAt + declared) return;
    look(false);
  });
  socket.on('end', () => look(true));
};

/** Sends `request` with `body` to a port of this machine and gives the answer, or fails within 20 s. */
export const exchange = (port: number, request: Request, body: Buffer = Buffer.alloc(0)): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const finish = (error: Error | undefined, answer?: Answer): void => {
      socket.destroy();
      if (error) reject(error);
      else resolve(answer!);
    };
    socket.setTimeout(EXCHANGE_WITHIN_MS, () => finish(new Error('no answer in time')));
    socket.on('error', finish);
    readAnswer(socket, finish);
    socket.write(requestHead(request, body.length));
    if (body.length > 0) socket.write(body);
  });
