/** Hot path. One thread's engine as policy drives it: commands are words in memory that C made, texts go to one buffer, edits
 * to another. Everything is forgotten when the batch's commands have been executed. Belongs to the thread that made it.
 */
import * as abi from './abi.ts';
import type { Addon } from './addon.ts';

/** Commands of one batch that C takes (COMMANDS_MAX of engine/eng.h), a few kept back for what ends streams. */
const COMMANDS_MAX = 2048;
/** Edits of one batch (EDITS_MAX of engine/eng.h). */
const EDITS_MAX = 16384;

type Latin1Buffer = Buffer & {
  latin1Slice(start: number, end: number): string;
  latin1Write(value: string, offset: number, length: number): number;
};

function bufferOver(bytes: Uint8Array): Latin1Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) as Latin1Buffer;
}

/** The edits of a batch: op, field, and texts that follow each other in the text buffer. */
class NativeEdits {
  count = 0;
  private readonly words: Uint32Array;
  private readonly owner: NativeEngine;

  constructor(words: Uint32Array, owner: NativeEngine) {
    this.words = words;
    this.owner = owner;
  }

  put(op: number, field: number, name: string, value: string): void {
    if (this.count >= EDITS_MAX) throw new RangeError(`more than ${EDITS_MAX} header edits in one batch`);
    const at = this.count * abi.EDIT_WORDS;
    const words = this.words;
    words[at] = op | (field << 16);
    words[at + 1] = name === '' ? this.owner.text(value) : this.owner.text(name + value);
    words[at + 2] = name.length;
    words[at + 3] = value.length;
    this.count++;
  }
}

export class NativeEngine {
  readonly thread: number;
  readonly arena: { readonly words: Uint32Array; readonly bytes: Latin1Buffer };
  readonly events: Uint32Array;
  readonly commands: Uint32Array;
  /** Index and generation of the stream at work: after a death the flight recorder has them. */
  readonly work: Uint32Array;
  readonly edits: NativeEdits;
  nowMs = 0;
  private readonly addon: Addon;
  private readonly textBytes: Latin1Buffer;
  private textUsed = 0;
  private commandCount = 0;
  private lastBytes: Uint8Array | undefined;
  private lastBytesAt = 0;
  private isInBatch = false;
  private onBatch: ((events: Uint32Array, count: number) => void) | undefined;

  /**
   * Makes this thread's engine; there is one per thread. `processInit` comes before. With SLUICE_TRACE=<path> in the
   * environment everything it does is written to <path>.<thread> for native/test/replay.
   */
  constructor(addon: Addon, thread: number) {
    const trace = process.env.SLUICE_TRACE;
    const memory = addon.engineCreate(thread, trace ? `${trace}.${thread}` : undefined);
    this.addon = addon;
    this.thread = thread;
    this.events = memory.events;
    this.commands = memory.commands;
    this.work = memory.work;
    this.edits = new NativeEdits(memory.edits, this);
    this.textBytes = bufferOver(memory.text);
    const { arena } = memory;
    this.arena = {
      words: new Uint32Array(arena.buffer, arena.byteOffset, arena.byteLength >>> 2),
      bytes: bufferOver(arena),
    };
    this.nowMs = addon.engineNow();
  }

  /** Starts polling. <onBatch> gets the number of events in `events`; what it commands is executed at its return. */
  start(onBatch: (events: Uint32Array, count: number) => void): void {
    this.onBatch = onBatch;
    this.addon.engineStart(this.runBatch.bind(this));
  }

  private runBatch(count: number): number {
    this.nowMs = this.addon.engineNow();
    this.isInBatch = true;
    try {
      this.onBatch?.(this.events, count);
    } finally {
      this.isInBatch = false;
    }
    return this.taken();
  }

  /** Hands the commands over: C reads them before anything else is written. */
  private taken(): number {
    const count = this.commandCount;
    this.commandCount = 0;
    this.textUsed = 0;
    this.edits.count = 0;
    this.lastBytes = undefined;
    return count;
  }

  command(op: number, stream: number, generation: number): number {
    if (this.commandCount >= COMMANDS_MAX) {
      throw new RangeError(`more than ${COMMANDS_MAX} commands in one batch`);
    }
    const at = this.commandCount * abi.COMMAND_WORDS;
    const commands = this.commands;
    this.commandCount++;
    commands[at] = op;
    commands[at + 1] = stream;
    commands[at + 2] = generation;
    for (let i = at + 3; i < at + abi.COMMAND_WORDS; i++) commands[i] = 0;
    return at;
  }

  text(value: string): number {
    const at = this.textUsed;
    const { length } = value;
    if (at + length > this.textBytes.length) throw new RangeError('the text of one batch is full');
    this.textBytes.latin1Write(value, at, length);
    this.textUsed = at + length;
    return at;
  }

  bytes(value: Uint8Array): number {
    // Answers of our own are the same few pages: one copy serves all that a batch sends.
    if (value === this.lastBytes) return this.lastBytesAt;
    const at = this.textUsed;
    if (at + value.length > this.textBytes.length) throw new RangeError('the text of one batch is full');
    this.textBytes.set(value, at);
    this.textUsed = at + value.length;
    this.lastBytes = value;
    this.lastBytesAt = at;
    return at;
  }

  log(target: number, line: string): void {
    const off = this.text(line);
    const at = this.command(abi.CMD_LOG, target, off);
    this.commands[at + abi.C_LOG_LEN] = line.length;
  }

  /** Executes what was commanded outside a batch; inside one it happens by itself. */
  exec(): void {
    if (this.isInBatch || this.commandCount === 0) return;
    const count = this.taken();
    this.addon.engineExec(count);
    this.nowMs = this.addon.engineNow();
  }

  connAddress(conn: number, generation: number, which: number, out: Uint8Array): number {
    return this.addon.connAddress(conn, generation, which, out);
  }

  serverAddress(stream: number, generation: number, which: number, out: Uint8Array): number {
    return this.addon.serverAddress(stream, generation, which, out);
  }

  /** Begins or stops to accept on the process's listeners. */
  listen(on: boolean): void {
    this.addon.engineListen(on ? 1 : 0);
  }

  /** Soft stop: idle client connections close now, others after their response. Outside a batch only. */
  stop(): void {
    this.addon.engineStop();
  }

  /** A soft stop beside a successor: client connections of <listeners> move to <handoverFd> (-1: none), the others end with their
   * next response. Outside a batch only. */
  retire(handoverFd: number, listeners: Uint32Array): void {
    this.addon.engineRetire(handoverFd, listeners);
  }

  /** Client connections and streams still alive. */
  get alive(): number {
    return this.addon.engineLive();
  }

  /** Resets what is open and frees the engine; nothing may be called afterwards. */
  destroy(): void {
    this.addon.engineDestroy();
  }
}
