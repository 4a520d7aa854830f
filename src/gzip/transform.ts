/** node:zlib's compressing classes, method for method: write, flush(kind, cb), params(), bytesWritten, reset(), close().
 * All work happens in the thread that writes: a chunk takes less time than the way to another thread and back. Flushes
 * and changes of mode are done at once when no write waits; otherwise they travel through the queue of writes as empty
 * chunks, so that they keep their place among them.
 * A chunk of many slices waits for the reader between two of them, and for the event loop.
 */
import { finished, Transform, type TransformCallback } from 'node:stream';
import type { FormatName } from './encoder.ts';
import { refusal } from './face.ts';
import {
  chosenFlushes,
  chosenMode,
  constants,
  levelNumber,
  type Mode,
  modeName,
  type StreamOptions,
  transformOptions,
  wholeNumber,
} from './options.ts';
import { EMPTY, joined, Pieces, SLICE_LEN } from './pieces.ts';

/** An empty chunk's meaning. */
interface Order {
  readonly kind: number;
  readonly mode: Mode | undefined;
  readonly done: Done;
}

/** A chunk that waits for the reader. */
interface Halt {
  readonly chunk: Uint8Array;
  readonly at: number;
  readonly done: TransformCallback;
}

/** What Node's streams keep besides what is public: a write is with _transform, or its callback with the reader. */
interface WritableState {
  readonly writing: boolean;
}

type Done = (error?: Error | null) => void;

/** <done> the first time, nothing after that. */
function once(done: Done | undefined): Done {
  let left = done;
  return (error) => {
    const call = left;
    left = undefined;
    call?.(error);
  };
}

const nothingBehind = { close: (): void => {} };

/** For those whose write is under way when the stream is destroyed. Transform would keep a <done> without an error for a
 * reader who does not come back, and with it all that wait behind.
 */
function gone(): Error {
  return refusal(Error, 'ERR_STREAM_DESTROYED', 'Cannot call write after a stream was destroyed');
}

/** What Gzip, Deflate and DeflateRaw have in common. */
export class Compressing extends Transform {
  readonly #pieces: Pieces;
  /** Made when it is needed: an idle stream is small. */
  #orders: Map<Uint8Array, Order> | undefined;
  readonly #flushKind: number;
  readonly #finishKind: number;
  #bytesWritten = 0;
  #halt: Halt | undefined;
  /** A flush was done at once, and who asked hears of it in this turn; what is written or ended meanwhile is in #late. */
  #isTelling = false;
  #late: (() => void) | undefined;
  declare readonly _writableState: WritableState;
  /** The reader asked and was given nothing since: it does not ask again, so whatever waits for its question may go on. */
  #isAsked = false;

  constructor(format: FormatName, given?: StreamOptions | null) {
    const options = given ?? {};
    const mode = modeName(chosenMode(options));
    const { flushKind, finishKind } = chosenFlushes(options);
    super(transformOptions(options));
    this.#pieces = new Pieces({ format, mode });
    this.#flushKind = flushKind;
    this.#finishKind = finishKind;
  }

  /** Bytes of input taken so far. */
  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  /** zlib's old name for bytesWritten. */
  get bytesRead(): number {
    return this.#bytesWritten;
  }

  /** Sends on, decodable, what was written before; <done> is called when it was pushed. Z_FULL_FLUSH by default; it and
   * Z_SYNC_FLUSH end with the bytes 00 00 FF FF, as zlib's do, which Z_PARTIAL_FLUSH saves. Z_FINISH ends the compressed
   * stream, after which only end() may follow.
   *
   * @example
   * ```js
   * import { createGzip } from 'sluice/gzip';
   *
   * const events = createGzip({ mode: 'fast' });
   * events.on('data', (piece) => console.log(piece.length > 0)); // true
   * events.write('data: one\n\n');
   * await new Promise((resolve) => events.flush(resolve));
   * events.destroy();
   * ```
   */
  flush(kind?: number | Done, done?: Done): void {
    const callback = typeof kind === 'function' ? kind : done;
    const chosen = typeof kind === 'function' ? undefined : kind;
    this.#order(wholeNumber('kind', chosen, 0, 5, constants.Z_FULL_FLUSH), undefined, callback);
  }

  /** Another level from the next write on; what was written before keeps the old one. The strategy changes nothing. */
  params(level: number, strategy?: number, done?: Done): void {
    const mode = modeName(levelNumber(level));
    wholeNumber('strategy', strategy, 0, 4, 0);
    this.#order(constants.Z_SYNC_FLUSH, mode, done);
  }

  /** Begins another stream, as if nothing had been written; for between two streams, not while writes wait. */
  reset(): void {
    this.#pieces.restart();
  }

  /** Destroys the stream. */
  close(done?: Done): void {
    if (done) finished(this, (error) => done(error));
    this.destroy();
  }

  /** Compresses <chunk> at once, past the queue of writes. node:zlib does not document it, yet much that compresses in one
   * go is built on it (minizlib, and with it tar and npm; pngjs).
   */
  _processChunk(chunk: Uint8Array, kind: number): Buffer;
  _processChunk(chunk: Uint8Array, kind: number, done: TransformCallback): void;
  _processChunk(chunk: Uint8Array, kind: number, done?: TransformCallback): Buffer | undefined {
    if (done !== undefined) {
      this.#take(chunk, 0, done);
      return undefined;
    }
    const outputs: Buffer[] = [];
    for (let at = 0; at < chunk.length; at += SLICE_LEN)
      outputs.push(this.#pieces.take(chunk, at, Math.min(chunk.length, at + SLICE_LEN)));
    this.#bytesWritten += chunk.length;
    outputs.push(this.#owed(kind));
    return joined(outputs);
  }

  /** There is nothing to close: for those who reach behind _processChunk(). */
  get _handle(): { close(): void } {
    return nothingBehind;
  }

  set _handle(_given: unknown) {}

  #order(kind: number, mode: Mode | undefined, done?: Done): void {
    if (this.writableFinished) {
      if (done) process.nextTick(done);
    } else if (this.writableEnded) {
      if (done) this.once('end', done);
    } else if (this.#isQuiet()) {
      this.#obeyAtOnce(kind, mode, done);
    } else {
      const chunk = Buffer.alloc(0);
      const order = { kind, mode, done: once(done) };
      this.#orders ??= new Map();
      this.#orders.set(chunk, order);
      this.write(chunk, order.done);
    }
  }

  /** No write is under way and none waits: the queue would hand an order on at once. */
  #isQuiet(): boolean {
    if (this.#isTelling || this.destroyed || this.writableCorked > 0) return false;
    return this.writableLength === 0 && !this._writableState.writing;
  }

  #apply(kind: number, mode: Mode | undefined): void {
    if (mode === undefined || mode !== this.#pieces.mode) this.#give(kind);
    if (mode !== undefined) this.#send(this.#pieces.setMode(mode));
  }

  /** As #obey(), without the way through the queue, which costs as much as the rest of a small flush. */
  #obeyAtOnce(kind: number, mode: Mode | undefined, done: Done | undefined): void {
    try {
      this.#apply(kind, mode);
    } catch (error) {
      if (done) process.nextTick(done, error);
      this.destroy(error as Error);
      return;
    }
    if (done === undefined) return;
    this.#isTelling = true;
    process.nextTick(() => this.#tell(done));
  }

  #tell(done: Done): void {
    this.#isTelling = false;
    try {
      done();
    } finally {
      const late = this.#late;
      this.#late = undefined;
      late?.();
    }
  }

  /** The caller hears of it before the next write is taken: what it reads then ends where it flushed. */
  #obey(order: Order, done: TransformCallback): void {
    try {
      this.#apply(order.kind, order.mode);
    } catch (error) {
      return done(error as Error);
    }
    process.nextTick(order.done);
    process.nextTick(() => this.#finish(done));
  }

  /** What a flush of this kind owes. */
  #owed(kind: number): Buffer {
    if (kind === constants.Z_NO_FLUSH) return EMPTY;
    if (kind === constants.Z_FINISH) return this.#pieces.finish();
    const isMarked = kind === constants.Z_SYNC_FLUSH || kind === constants.Z_FULL_FLUSH;
    return isMarked ? this.#pieces.mark() : this.#pieces.flush();
  }

  #give(kind: number): void {
    this.#send(this.#owed(kind));
  }

  /** False when the reader has enough. What a reader throws is its own and does not reach the stream or who writes. */
  #send(output: Buffer): boolean {
    if (output.length === 0) return true;
    this.#isAsked = false;
    try {
      return this.push(output);
    } catch (error) {
      process.nextTick(() => {
        throw error;
      });
      return true;
    }
  }

  /** The chunk is taken. Transform would keep <done> for the next question when the reader has enough, but a chunk's last
   * slice often gives no output to the question that let it go on, and then there is no next one.
   */
  #finish(done: TransformCallback): void {
    if (this.destroyed) return done(gone());
    done();
    if (this.#isAsked) super._read(0);
  }

  /** Takes <chunk> from <at> on, slice by slice. */
  #take(chunk: Uint8Array, at: number, done: TransformCallback): void {
    let wants: boolean;
    const end = Math.min(chunk.length, at + SLICE_LEN);
    if (this.destroyed) return done(gone());
    try {
      wants = this.#send(this.#pieces.take(chunk, at, end));
      this.#bytesWritten += end - at;
      if (end === chunk.length) this.#give(this.#flushKind);
    } catch (error) {
      return done(error as Error);
    }
    if (end === chunk.length) this.#finish(done);
    else if (wants) setImmediate(() => this.#take(chunk, end, done));
    else this.#halt = { chunk, at: end, done };
  }

  #resume(): boolean {
    const halt = this.#halt;
    if (halt === undefined) return false;
    this.#halt = undefined;
    this.#take(halt.chunk, halt.at, halt.done);
    return true;
  }

  override _transform(chunk: Buffer, encoding: BufferEncoding, done: TransformCallback): void {
    if (this.#isTelling) {
      this.#late = () => this._transform(chunk, encoding, done);
      return;
    }
    const order = this.#orders?.get(chunk);
    if (order === undefined) return this.#take(chunk, 0, done);
    this.#orders?.delete(chunk);
    this.#obey(order, done);
  }

  override _read(size: number): void {
    this.#isAsked = true;
    if (!this.#resume()) super._read(size);
  }

  override _flush(done: TransformCallback): void {
    if (this.#isTelling) {
      this.#late = () => (this.destroyed ? done(gone()) : this._flush(done));
      return;
    }
    try {
      this.#give(this.#finishKind);
    } catch (error) {
      return done(error as Error);
    }
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#pieces.drop();
    this.#orders = undefined;
    this.#resume();
    super._destroy(error, done);
  }
}

/** A stream that compresses to gzip (RFC 1952), in place of zlib.Gzip. */
export class Gzip extends Compressing {
  constructor(options?: StreamOptions | null) {
    super('gzip', options);
  }
}

/** A stream that compresses to zlib's format (RFC 1950), in place of zlib.Deflate. */
export class Deflate extends Compressing {
  constructor(options?: StreamOptions | null) {
    super('deflate', options);
  }
}

/** A stream that compresses to raw deflate (RFC 1951), in place of zlib.DeflateRaw. */
export class DeflateRaw extends Compressing {
  constructor(options?: StreamOptions | null) {
    super('deflate-raw', options);
  }
}
