/**
 * A TCP or unix connection held by its bytes: send exactly these, receive exactly those within a bound, half-close,
 * reset. Both ends of a test use it: rawClient() opens one, scriptedServer() hands one per connection. Text is
 * latin1, one character a byte. What arrives is kept until a receive takes it; the test owns the socket.
 */
import { connect, type Socket } from 'node:net';
import { atTestEnd } from './at-end.ts';
import { SLOW_MACHINE_MS, until } from './until.ts';

/** How a connection came to its end on the receiving side. */
export type End = 'fin' | 'reset';

/** One HTTP/1 response or request as read from the wire. <fields> keeps order, names lower case. */
export interface HttpMessage {
  readonly startLine: string;
  readonly status: number;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly head: string;
  readonly body: Buffer;
  field(name: string): string | undefined;
}

export class RawSocket {
  readonly socket: Socket;
  /** All bytes that ever arrived, taken or not. */
  bytesIn = 0;
  end: End | undefined;
  #unread: Buffer = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.bytesIn += chunk.length;
      this.#unread = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk]);
    });
    socket.on('end', () => {
      this.end ??= 'fin';
    });
    socket.on('error', () => {
      this.end ??= 'reset';
    });
  }

  /** What arrived and was not taken yet. */
  get unread(): string {
    return this.#unread.toString('latin1');
  }

  /** Writes all of <bytes>; resolves when the kernel has them. */
  send(bytes: string | Uint8Array): Promise<void> {
    const buffer = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
    return new Promise((resolve, reject) => {
      this.socket.write(buffer, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Takes everything up to and with <mark>: a length in bytes, a text, or the end of a pattern's match. */
  async receive(mark: number | string | RegExp, boundMs = SLOW_MACHINE_MS): Promise<string> {
    const length = await until(
      () => this.#lengthTo(mark) || (this.end && this.#failed(mark)),
      boundMs,
      () => `receiving ${String(mark)}; got ${JSON.stringify(this.unread.slice(0, 2000))}`,
    );
    return this.#take(length as number).toString('latin1');
  }

  /** Takes one head, up to and with its empty line. */
  receiveHead(boundMs = SLOW_MACHINE_MS): Promise<string> {
    return this.receive('\r\n\r\n', boundMs);
  }

  /** Takes one message: head, then a body by chunks, Content-Length, or (responses) until the close. */
  async receiveMessage(options: { boundMs?: number; noBody?: boolean } = {}): Promise<HttpMessage> {
    const boundMs = options.boundMs ?? SLOW_MACHINE_MS;
    const head = await this.receiveHead(boundMs);
    const message = parseHead(head);
    const isResponse = message.status > 0;
    const bodyless = message.status < 200 || message.status === 204 || message.status === 304;
    let body: Buffer = Buffer.alloc(0);
    if (options.noBody || (isResponse && bodyless)) return { ...message, body };
    const length = message.field('content-length');
    if (/chunked/i.test(message.field('transfer-encoding') ?? '')) body = await this.#receiveChunks(boundMs);
    else if (length !== undefined)
      body = Buffer.from(await this.#receiveLength(Number(length), boundMs), 'latin1');
    else if (isResponse) body = Buffer.from((await this.receiveEnd(boundMs)).bytes, 'latin1');
    return { ...message, body };
  }

  /** Waits for the peer's FIN or RST; gives it and all bytes not taken before. */
  async receiveEnd(boundMs = SLOW_MACHINE_MS): Promise<{ end: End; bytes: string }> {
    const end = await until(
      () => this.end,
      boundMs,
      () => `the end of the connection; got ${JSON.stringify(this.unread.slice(0, 2000))}`,
    );
    return { end: end as End, bytes: this.#take(this.#unread.length).toString('latin1') };
  }

  /** Sends a FIN; receiving goes on. */
  halfClose(): Promise<void> {
    return new Promise((resolve) => {
      this.socket.end(resolve);
    });
  }

  /** Sends a RST at once. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  /** Closes both directions. */
  close(): void {
    this.socket.destroy();
  }

  /** Stops reading from the kernel, so that the peer meets a full window. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  #lengthTo(mark: number | string | RegExp): number {
    if (typeof mark === 'number') return this.#unread.length >= mark ? mark : 0;
    if (typeof mark === 'string') {
      const at = this.#unread.indexOf(mark, 0, 'latin1');
      return at < 0 ? 0 : at + mark.length;
    }
    const match = mark.exec(this.unread);
    return match ? match.index + match[0].length : 0;
  }

  #failed(mark: number | string | RegExp): never {
    throw new Error(`${this.end} before ${String(mark)}; got ${JSON.stringify(this.unread.slice(0, 2000))}`);
  }

  #take(length: number): Buffer {
    const taken = this.#unread.subarray(0, length);
    this.#unread = this.#unread.subarray(length);
    return taken;
  }

  async #receiveLength(length: number, boundMs: number): Promise<string> {
    return length === 0 ? '' : this.receive(length, boundMs);
  }

  async #receiveChunks(boundMs: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (;;) {
      const size = Number.parseInt(await this.receive('\r\n', boundMs), 16);
      if (size === 0) break;
      parts.push(Buffer.from(await this.receive(size, boundMs), 'latin1'));
      await this.receive('\r\n', boundMs);
    }
    while ((await this.receive('\r\n', boundMs)) !== '\r\n');
    return Buffer.concat(parts);
  }
}

/** Start line, status (0 for a request) and fields of <head>. */
export function parseHead(head: string): HttpMessage {
  const lines = head.split('\r\n');
  const startLine = lines[0] ?? '';
  const fields = lines
    .slice(1)
    .filter((line) => line !== '')
    .map((line): readonly [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    });
  const status = Number(/^HTTP\/\d\.\d (\d{3})/.exec(startLine)?.[1] ?? 0);
  const field = (name: string) => fields.find(([known]) => known === name.toLowerCase())?.[1];
  return { startLine, status, fields, head, body: Buffer.alloc(0), field };
}

/** Opens a connection to 127.0.0.1:<where>, or to a host and port, or to a unix socket's path. */
export async function rawClient(
  where: number | string | { host: string; port: number; localAddress?: string },
): Promise<RawSocket> {
  const place =
    typeof where === 'number'
      ? { host: '127.0.0.1', port: where }
      : typeof where === 'string'
        ? { path: where }
        : where;
  const socket = connect({ ...place, allowHalfOpen: true, noDelay: true });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  const client = new RawSocket(socket);
  atTestEnd(() => client.close());
  return client;
}

/** One request on a connection of its own: the response, read to its end. */
export async function ask(where: number | string, request: string, boundMs?: number): Promise<HttpMessage> {
  const client = await rawClient(where);
  try {
    await client.send(request);
    const noBody = request.startsWith('HEAD ');
    return await client.receiveMessage(boundMs === undefined ? { noBody } : { boundMs, noBody });
  } finally {
    client.close();
  }
}
