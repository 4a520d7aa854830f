/**
 * One client of a load: opens a connection, asks, judges the answer, asks again or begins a new connection, and puts a
 * name to whatever went wrong. A strict client: it sends a request on an idle connection without looking first, as
 * browsers and balancers do, never repeats a failed one, and believes no octet. The Load owns it.
 */
import { connect, type Socket } from 'node:net';
import { AnswerReader, type Ask } from './answer-reader.ts';
import { countAnswer, countFailure, type Failure, type Tally } from './tally.ts';

/** A kind of client, as many of them as `connections` says. */
export interface ClientKind {
  readonly name: string;
  readonly connections: number;
  /** Requests on one connection, the last of which asks for the close; 0 = as many as it lives for. */
  readonly requestsPerConnection: number;
  /** How long a client lies idle between answer and request: evenly between these; 0 and 0 = not at all. */
  readonly pauseMinMs: number;
  readonly pauseMaxMs: number;
  /** Requests sent at once. */
  readonly pipelined: number;
  /** Connections go to each of these in turn. */
  readonly targets: readonly LoadTarget[];
}

export interface LoadTarget {
  readonly port: number;
  /** Asked in turn. */
  readonly asks: readonly Ask[];
}

/** What a connection asks of the load it belongs to. */
export interface LoadClock {
  /** Milliseconds since the load began. */
  nowMs(): number;
  /** Takes <count> requests from the load's budget; false when it is used up. */
  mayAsk(count: number): boolean;
  /** An answer came: the service lives. */
  served(kind: number, atMs: number): void;
  over(connection: LoadConnection): void;
}

/** A client that was refused, or whose request was lost, comes back after so long: not at once, or one outage would count without end. */
const RETRY_MS = 10;
/** All connections of a thread read into the same octets: they are judged before the next read. */
const SHARED_READ_BYTES = 65_536;
const shared: { buffer: Buffer | undefined } = { buffer: undefined };

export class LoadConnection {
  private readonly kind: ClientKind;
  private readonly kindIndex: number;
  private readonly tally: Tally;
  private readonly clock: LoadClock;
  private readonly reader = new AnswerReader();
  private socket: Socket | undefined;
  private turn: number;
  private target: LoadTarget;
  /** Asked and not answered, oldest first. */
  private readonly waiting: Ask[] = [];
  private askedOnConnection = 0;
  private answeredOnConnection = 0;
  private isConnected = false;
  private sentAtMs = 0;
  private timer: NodeJS.Timeout | undefined;
  private isStopping = false;

  constructor(kind: ClientKind, kindIndex: number, tally: Tally, clock: LoadClock, turn: number) {
    this.kind = kind;
    this.kindIndex = kindIndex;
    this.tally = tally;
    this.clock = clock;
    this.turn = turn;
    this.target = kind.targets[turn % kind.targets.length] as LoadTarget;
  }

  get isWaiting(): boolean {
    return this.waiting.length > 0;
  }

  /** When the oldest unanswered request was sent; undefined when there is none. */
  get waitingSinceMs(): number | undefined {
    return this.isWaiting ? this.sentAtMs : undefined;
  }

  /** Begins, or goes on with the next request on a connection that lies idle. */
  next(): void {
    this.timer = undefined;
    if (this.isStopping || !this.clock.mayAsk(this.kind.pipelined)) return this.finish();
    this.sentAtMs = this.clock.nowMs();
    const { targets } = this.kind;
    if (this.socket === undefined) this.target = targets[this.turn % targets.length] as LoadTarget;
    const { asks } = this.target;
    for (let i = 0; i < this.kind.pipelined; i++) {
      this.waiting.push(asks[this.turn++ % asks.length] as Ask);
    }
    this.tally.requests += this.kind.pipelined;
    if (this.socket === undefined) this.open();
    else this.send();
  }

  /** No new requests; the one under way may be answered. */
  stop(): void {
    this.isStopping = true;
    if (!this.isWaiting) this.finish();
  }

  /** Gives up what is unanswered since <limitMs>. */
  giveUpBefore(limitMs: number): void {
    if (this.isWaiting && this.sentAtMs < limitMs) this.lost('late', 'no whole answer');
  }

  private open(): void {
    shared.buffer ??= Buffer.allocUnsafe(SHARED_READ_BYTES);
    this.askedOnConnection = 0;
    this.answeredOnConnection = 0;
    this.isConnected = false;
    this.reader.begin(this.waiting[0] as Ask);
    this.tally.connections++;
    const socket = connect({
      port: this.target.port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: shared.buffer,
        callback: (length: number, bytes: Uint8Array) => {
          if (this.socket === socket) this.arrived(bytes as Buffer, length);
          return true;
        },
      },
    });
    this.socket = socket;
    socket.on('connect', () => {
      this.isConnected = true;
      if (this.socket === socket) this.send();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => this.ended(socket, error.code ?? error.message));
    socket.on('end', () => this.ended(socket, 'FIN'));
    socket.on('close', () => this.ended(socket, 'close'));
  }

  private send(): void {
    const { waiting, kind } = this;
    let text = '';
    for (let i = 0; i < waiting.length; i++) {
      this.askedOnConnection++;
      const isLast = this.askedOnConnection === kind.requestsPerConnection;
      const ask = waiting[i] as Ask;
      text += isLast ? ask.lastRequest : ask.request;
    }
    this.reader.begin(waiting[0] as Ask);
    this.socket?.write(text, 'latin1');
  }

  private arrived(bytes: Buffer, length: number): void {
    const { reader } = this;
    let at = 0;
    while (at < length) {
      if (this.isWaiting) at = reader.take(bytes, at, length);
      if (reader.state === 'wrong') {
        return this.lost(reader.status >= 500 ? 'serverError' : 'wrong', reader.reason);
      }
      if (at < length && this.waiting.length < 2 && reader.state === 'done') {
        const text = JSON.stringify(bytes.toString('latin1', at, Math.min(length, at + 60)));
        if (!this.isWaiting) this.waiting.push(this.target.asks[0] as Ask); // it is nobody's answer, and one failure
        return this.lost('wrong', `octets that nobody asked for: ${text}`);
      }
      if (reader.state === 'done' && this.answered()) return;
    }
  }

  /** One answer is whole; true when that was the connection's last. */
  private answered(): boolean {
    const nowMs = this.clock.nowMs();
    this.waiting.shift();
    this.answeredOnConnection++;
    countAnswer(this.tally, nowMs, nowMs - this.sentAtMs);
    this.clock.served(this.kindIndex, nowMs);
    const isAskedEnd = this.answeredOnConnection === this.kind.requestsPerConnection;
    if (this.reader.isLast || isAskedEnd) {
      if (!isAskedEnd) this.tally.announcedEnds++;
      this.close();
      // Behind an announced end nothing pipelined was read: it is asked again elsewhere, which is no failure.
      if (this.isWaiting) this.open();
      else this.afterAnswer();
      return true;
    }
    if (this.isWaiting) {
      this.reader.begin(this.waiting[0] as Ask);
      return false;
    }
    this.afterAnswer();
    return false;
  }

  private afterAnswer(): void {
    if (this.isStopping) return this.finish();
    const { pauseMinMs, pauseMaxMs } = this.kind;
    if (pauseMaxMs === 0) return this.next();
    const pauseMs = pauseMinMs + Math.random() * (pauseMaxMs - pauseMinMs);
    this.timer = setTimeout(() => this.next(), pauseMs);
  }

  private ended(socket: Socket, how: string): void {
    if (this.socket !== socket) return;
    if (!this.isWaiting) {
      this.tally.quietEnds++;
      this.close();
      return;
    }
    if (this.reader.bytes > 0) {
      if (how === 'FIN' && this.reader.endsWithClose()) {
        this.answered();
        return;
      }
      return this.lost('truncated', `${how} after ${this.reader.bytes} octets of the answer`);
    }
    if (!this.isConnected) this.lost('refused', how);
    else if (this.answeredOnConnection > 0) {
      this.lost(
        'reused',
        `${how} before an answer, request ${this.answeredOnConnection + 1} of its connection`,
      );
    } else this.lost('reset', `${how} before an answer on a new connection`);
  }

  /** Everything asked and unanswered is lost. */
  private lost(failure: Failure, detail: string): void {
    for (const _ of this.waiting) this.failed(failure, detail);
    this.waiting.length = 0;
    this.close();
    if (this.isStopping) this.finish();
    else this.timer = setTimeout(() => this.next(), RETRY_MS);
  }

  private failed(failure: Failure, detail: string): void {
    countFailure(this.tally, this.clock.nowMs(), failure, detail);
  }

  private close(): void {
    const { socket } = this;
    this.socket = undefined;
    socket?.destroy();
  }

  private finish(): void {
    clearTimeout(this.timer);
    this.close();
    this.clock.over(this);
  }
}
