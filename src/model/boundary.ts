/** What policy may do with the engine, as interfaces: src/native/engine.ts implements them over the addon, tests over plain
 * arrays. The numbers are in native/abi.ts.
 */
import type { Live } from './live.ts';

/** C's memory for the heads of one batch, seen twice: as words and as bytes. */
export interface Arena {
  readonly words: Uint32Array;
  /** Node's Buffer has latin1Slice, its types do not; it costs half of toString('latin1', …). */
  readonly bytes: Buffer & { latin1Slice(start: number, end: number): string };
}

/** Where header edits of the commands of one batch are put. Texts are latin1 strings: one character, one byte. */
export interface EditBuffer {
  /** Edits put so far in this batch; also the index of the next one. */
  readonly count: number;
  put(op: number, field: number, name: string, value: string): void;
}

/** One data thread's engine. Every method only writes a command; C executes them when the batch callback returns, or at `exec`. */
export interface Engine {
  readonly thread: number;
  readonly arena: Arena;
  readonly edits: EditBuffer;
  /** Monotonic ms of this turn. */
  readonly nowMs: number;
  /** Begins a command and returns its word offset in `commands`; words not set are 0. */
  command(op: number, stream: number, generation: number): number;
  readonly commands: Uint32Array;
  /** Index and generation of the stream at work, for the flight recorder. */
  readonly work: Uint32Array;
  /** Copies a latin1 string into the batch's text buffer; returns its byte offset there. Throws RangeError past TEXT_MAX. */
  text(value: string): number;
  bytes(value: Uint8Array): number;
  /** Executes what was commanded outside a batch (timers, API). Refused inside one. */
  exec(): void;
  log(target: number, line: string): void;
  /** Fills `out` (28 bytes or more) with a sockaddr of a client connection, <which> is ADDRESS_*. Its length, or -errno. */
  connAddress(conn: number, generation: number, which: number, out: Uint8Array): number;
  /** The counts shared by all threads, for fetches and log lines; whoever makes the engine ready sets it. */
  live?: Live;
}
