/**
 * Reads one HTTP/1 answer, octet by octet as strict as it is judged: status, framing, every octet of the body. One
 * reader belongs to one connection and is begun anew for each request. What it does not expect makes the answer `wrong`,
 * never an exception: the other side may send anything.
 */

/** What is asked and what must come back. */
export interface Ask {
  /** The request with keep-alive, and the same that asks for the close. */
  readonly request: string;
  readonly lastRequest: string;
  /** 0: any. */
  readonly status: number;
  /** undefined: any body that is framed rightly. */
  readonly body: Uint8Array | undefined;
}

export type ReadState = 'head' | 'body' | 'done' | 'wrong';

const HEAD_MAX_BYTES = 65_536;
const CR = 13;
const LF = 10;
const EMPTY = Buffer.alloc(0);

type Framing = 'length' | 'chunked' | 'close' | 'none';
type ChunkPart = 'size' | 'data' | 'end' | 'trailer';

export class AnswerReader {
  state: ReadState = 'head';
  /** Octets of this answer that arrived. */
  bytes = 0;
  status = 0;
  /** The answer announces the end of its connection. */
  isLast = false;
  /** The answer's head, for who looks for a field in it. */
  head = '';
  /** Why it is wrong. */
  reason = '';
  private ask: Ask | undefined;
  private collect: ((bytes: Uint8Array) => void) | undefined;
  private pending: Buffer = EMPTY;
  private framing: Framing = 'none';
  private left = 0;
  /** How much of the body is compared. */
  private compared = 0;
  private part: ChunkPart = 'size';
  private line = '';

  /** <collect> is given the body's octets. */
  begin(ask: Ask, collect?: (bytes: Uint8Array) => void): void {
    this.ask = ask;
    this.collect = collect;
    this.state = 'head';
    this.bytes = 0;
    this.status = 0;
    this.isLast = false;
    this.reason = '';
    this.pending = EMPTY;
    this.compared = 0;
  }

  /** Takes octets <from> to <to>; gives where it stopped: behind the answer, or <to>. */
  take(bytes: Buffer, from: number, to: number): number {
    let at = from;
    if (this.state === 'head') at = this.takeHead(bytes, at, to);
    if (this.state === 'body') at = this.takeBody(bytes, at, to);
    this.bytes += at - from;
    return at;
  }

  /** The connection's end came: true when that is how this answer ends. */
  endsWithClose(): boolean {
    if (this.state !== 'body' || this.framing !== 'close') return false;
    this.bodyIsOver();
    return (this.state as ReadState) === 'done';
  }

  field(name: string): string | undefined {
    const found = new RegExp(`\\r\\n${name}:[ \\t]*([^\\r]*)\\r\\n`, 'i').exec(this.head);
    return found?.[1];
  }

  private takeHead(bytes: Buffer, from: number, to: number): number {
    const whole =
      this.pending.length === 0
        ? bytes.subarray(from, to)
        : Buffer.concat([this.pending, bytes.subarray(from, to)]);
    const end = whole.indexOf('\r\n\r\n', 0, 'latin1');
    if (end < 0) {
      if (whole.length > HEAD_MAX_BYTES) return this.fail('a head without an end', to);
      this.pending = Buffer.from(whole);
      return to;
    }
    const taken = from + end + 4 - this.pending.length;
    this.head = whole.toString('latin1', 0, end + 4);
    this.pending = EMPTY;
    this.judgeHead();
    return taken;
  }

  private judgeHead(): void {
    const start = /^HTTP\/1\.[01] (\d{3})(?: [^\r\n]*)?\r\n/.exec(this.head);
    if (start === null) {
      this.fail(`not an answer: ${JSON.stringify(this.head.slice(0, 60))}`, 0);
      return;
    }
    this.status = Number(start[1]);
    if (this.status >= 100 && this.status < 200) return; // the real answer follows
    const ask = this.ask as Ask;
    const isOld = this.head.startsWith('HTTP/1.0');
    const connection = this.field('connection')?.toLowerCase() ?? '';
    this.isLast = connection.includes('close') || (isOld && !connection.includes('keep-alive'));
    if (ask.status !== 0 && this.status !== ask.status) {
      this.fail(`status ${this.status} instead of ${ask.status}`, 0);
      return;
    }
    this.frame(ask.request.startsWith('HEAD '));
  }

  private frame(isHead: boolean): void {
    const length = this.field('content-length');
    this.part = 'size';
    this.line = '';
    this.left = 0;
    if (isHead || this.status === 204 || this.status === 304) this.framing = 'none';
    else if (/chunked\s*$/i.test(this.field('transfer-encoding') ?? '')) this.framing = 'chunked';
    else if (length !== undefined) {
      this.framing = 'length';
      this.left = Number(length);
      if (!/^\d+$/.test(length)) return void this.fail(`Content-Length: ${length}`, 0);
    } else {
      this.framing = 'close';
      this.isLast = true;
    }
    this.state = 'body';
    const isEmpty = this.framing === 'none' || (this.framing === 'length' && this.left === 0);
    if (isEmpty) this.bodyIsOver(isHead);
  }

  private takeBody(bytes: Buffer, from: number, to: number): number {
    if (this.framing === 'chunked') return this.takeChunks(bytes, from, to);
    const end = this.framing === 'close' ? to : Math.min(to, from + this.left);
    this.compare(bytes, from, end);
    if (this.framing === 'length') {
      this.left -= end - from;
      if (this.left === 0 && this.state === 'body') this.bodyIsOver();
    }
    return end;
  }

  private takeChunks(bytes: Buffer, from: number, to: number): number {
    let at = from;
    while (at < to && this.state === 'body') {
      if (this.part === 'data') {
        const end = Math.min(to, at + this.left);
        this.compare(bytes, at, end);
        this.left -= end - at;
        at = end;
        if (this.left === 0) this.part = 'end';
        continue;
      }
      const code = bytes[at++] as number;
      if (code === LF) this.chunkLine();
      else if (code !== CR) this.line += String.fromCharCode(code);
      if (this.line.length > HEAD_MAX_BYTES) this.fail('a chunk line without an end', 0);
    }
    return at;
  }

  private chunkLine(): void {
    const { line } = this;
    this.line = '';
    if (this.part === 'end') {
      if (line !== '') this.fail('a chunk longer than it says', 0);
      this.part = 'size';
    } else if (this.part === 'trailer') {
      if (line === '') this.bodyIsOver();
    } else {
      const size = /^([0-9a-f]{1,8})\s*(;.*)?$/i.exec(line)?.[1];
      if (size === undefined)
        return void this.fail(`a chunk of size ${JSON.stringify(line.slice(0, 40))}`, 0);
      this.left = Number.parseInt(size, 16);
      this.part = this.left === 0 ? 'trailer' : 'data';
    }
  }

  private compare(bytes: Buffer, from: number, to: number): void {
    this.collect?.(bytes.subarray(from, to));
    const body = this.ask?.body;
    if (body === undefined || from === to) return;
    const end = this.compared + to - from;
    if (end > body.length) this.fail(`a body longer than ${body.length} octets`, 0);
    else if (bytes.compare(body, this.compared, end, from, to) !== 0) {
      this.fail(`another body within octets ${this.compared} to ${end}`, 0);
    }
    this.compared = end;
  }

  private bodyIsOver(isHead = false): void {
    const body = this.ask?.body;
    if (!isHead && body !== undefined && this.compared !== body.length) {
      this.fail(`a body of ${this.compared} octets instead of ${body.length}`, 0);
    } else this.state = 'done';
  }

  private fail(reason: string, at: number): number {
    this.state = 'wrong';
    this.reason = reason;
    return at;
  }
}
