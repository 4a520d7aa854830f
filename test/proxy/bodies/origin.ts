/**
 * The origin of the body tests: its paths say what to send, `/<content>/<size>/<framing>`, and the same function makes
 * the octets for the origin and for the comparison, so nothing is ever compared with what the proxy was given by it.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const contents = ['html', 'json', 'zeros', 'random', 'image'] as const;
export type Content = (typeof contents)[number];
export const framings = ['sized', 'chunked', 'to-close'] as const;
export type Framing = (typeof framings)[number];

/** Around every limit there is: nothing, one octet, a buffer, the encoder's window and block, and far beyond. */
export const sizes = [0, 1, 2, 127, 1024, 16_383, 16_384, 16_385, 65_535, 65_536, 1_000_003] as const;
export const largeSize = 20 * 1024 * 1024;

const types: Record<Content, string> = {
  html: 'text/html; charset=utf-8',
  json: 'application/json',
  zeros: 'text/plain',
  random: 'text/plain',
  image: 'image/png',
};

function repeated(piece: string, size: number): Buffer {
  return Buffer.alloc(size, piece, 'latin1');
}

/** xorshift32: octets that no encoder shortens, the same on every run. */
function noise(size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  let state = 0x9e3779b9;
  for (let index = 0; index < size; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[index] = state & 0xff;
  }
  return bytes;
}

/** What prose() makes before it begins again: many times deflate's window. */
const PROSE_BYTES = 1_500_000;

/** Text whose repetitions lie at changing distances, up to beyond deflate's window. */
function prose(size: number, template: (line: number) => string): Buffer {
  if (size > PROSE_BYTES) return Buffer.alloc(size, prose(PROSE_BYTES, template));
  const lines: string[] = [];
  let length = 0;
  for (let line = 0; length < size; line++) {
    const text = template((line * 7919) % 104_729);
    lines.push(text);
    length += text.length;
  }
  return Buffer.from(lines.join('').slice(0, size), 'latin1');
}

const kept = new Map<string, Buffer>();

export function bodyOf(content: Content, size: number): Buffer {
  const key = `${content}/${size}`;
  let body = kept.get(key);
  if (body === undefined) {
    if (content === 'zeros') body = repeated('\0', size);
    else if (content === 'html')
      body = prose(size, (line) => `<p class="c${line % 13}">line ${line} of a page</p>\n`);
    else if (content === 'json')
      body = prose(size, (line) => `{"id":${line},"name":"item ${line % 97}","ok":true},`);
    else body = noise(size);
    kept.set(key, body);
  }
  return body;
}

function isPart<T extends string>(list: readonly T[], word: string | undefined): word is T {
  return (list as readonly string[]).includes(word ?? '');
}

/** Gives back what it was sent, framed as asked: an upload and a download at once. */
async function echo(request: IncomingMessage, reply: ServerResponse): Promise<void> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const body = Buffer.concat(pieces);
  reply.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': body.length });
  reply.end(body);
}

function answer(request: IncomingMessage, reply: ServerResponse): void {
  const [, content, size, framing] = request.url!.split('/');
  if (content === 'echo') {
    echo(request, reply).catch(() => reply.destroy());
    return;
  }
  if (!isPart(contents, content) || !isPart(framings, framing)) {
    reply.writeHead(404).end();
    return;
  }
  const body = bodyOf(content, Number(size));
  reply.setHeader('Content-Type', types[content]);
  if (framing === 'sized') reply.setHeader('Content-Length', body.length);
  if (framing === 'to-close') {
    reply.useChunkedEncodingByDefault = false;
    reply.setHeader('Connection', 'close');
  }
  reply.writeHead(200);
  reply.end(request.method === 'HEAD' ? undefined : body);
}

export interface Origin {
  readonly port: number;
  stop(): Promise<void>;
}

export async function startOrigin(): Promise<Origin> {
  const server: Server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** `plain` passes bodies on, `gzip` compresses text; both before the origin at `${port:origin}`. */
export const bodiesConfiguration = `
global
    maxconn 200
defaults
    mode http
    timeout connect 20s
    timeout client 60s
    timeout server 60s
listen plain
    bind 127.0.0.1:\${port:plain}
    server s 127.0.0.1:\${port:origin}
listen gzip
    bind 127.0.0.1:\${port:gzip}
    compression algo gzip
    compression type text/html text/plain application/json
    server s 127.0.0.1:\${port:origin}
listen scripted
    bind 127.0.0.1:\${port:scripted}
    compression algo gzip
    compression type text/plain
    server s 127.0.0.1:\${port:script}
`;

/** Whether the listener \`gzip\` has to compress this response. */
export function isCompressed(content: Content, size: number): boolean {
  return content !== 'image' && size > 0;
}
