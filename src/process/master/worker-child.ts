/** One worker as its master sees it: a process, a channel, and how far it has come. What it says is checked, what it owns here (its
 * channel, what it read, its handover) is closed with it.
 */
import { fstatSync, readSync } from 'node:fs';
import { type Seen, seenFrom } from '../../config/seen.ts';
import type { Addon } from '../../native/addon.ts';
import { Channel } from '../channel.ts';
import type { SocketSettings } from '../sockets.ts';
import type { Attribution } from './attribution.ts';
import { type FromWorker, fromWorker, isCrashNotice, type ToWorker, type WorkerFacts } from './messages.ts';

export type WorkerState = 'booting' | 'ready' | 'serving' | 'retiring' | 'gone';

/** Characters of what a worker said at its start that are kept. */
export const STARTUP_LOG_MAX_CHARS = 65536;

/** What a worker knew is cut there. */
const EVIDENCE_MAX_BYTES = 64 * 1024 * 1024;
/** A worker that said it failed has so long to end. */
const FAILED_MAX_MS = 2000;

export interface WorkerEvents {
  /** All that it wants is known. */
  onSockets(worker: WorkerChild, wanted: readonly SocketSettings[]): void;
  /** It is dying, and the first to say so; what of, its recorder says. */
  onNotice(worker: WorkerChild): void;
  onStale(worker: WorkerChild, lines: readonly string[]): void;
  onState(worker: WorkerChild, entries: readonly unknown[]): void;
  /** What it knew, to be kept in <folder>. */
  onEvidence(worker: WorkerChild, folder: string, bytes: Buffer): void;
  /** The channel is of no use any more: <reason>, or '' when it ended plainly. */
  onSilence(worker: WorkerChild, reason: string): void;
}

function readDescriptor(fd: number): Buffer {
  try {
    const bytes = Buffer.alloc(Math.min(fstatSync(fd).size, EVIDENCE_MAX_BYTES));
    return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, 0));
  } catch {
    return Buffer.alloc(0);
  }
}

/** A worker as the program after this one finds it. */
export type SavedWorker = Pick<
  WorkerChild,
  | 'pid'
  | 'stamp'
  | 'startedMs'
  | 'servingSinceMs'
  | 'generation'
  | 'reloads'
  | 'state'
  | 'facts'
  | 'startupLog'
  | 'notes'
  | 'handoverFd'
  | 'recorderFd'
> & { readonly channelFd: number; readonly socketIds: readonly number[] };

export class WorkerChild {
  readonly pid: number;
  startedMs = Date.now();
  /** Of the program's files when it was started. */
  readonly stamp: string;
  servingSinceMs = 0;
  generation = 0;
  reloads = 0;
  /** Requests it has answered since its successor serves, when it last said so. */
  staleRequests = 0;
  state: WorkerState = 'booting';
  /** What it was when it ended. */
  lastState: WorkerState = 'booting';
  facts: WorkerFacts | undefined;
  /** Its channel or its process has ended: whatever it was, it is of no use. */
  isLost = false;
  startupLog = '';
  /** Why it is still there although it was told to retire, a line each. */
  notes: readonly string[] = [];
  /** What it read, in a file in memory; -1 = not known. */
  sourcesFd = -1;
  /** What its start depended on; undefined = a start now may be another one. */
  findings: readonly Seen[] | undefined;
  /** Where the connections arrive that it hands over, kept for its successors; -1 = closed. */
  handoverFd = -1;
  /** Its flight recorder, to be read when it has died; -1 = it gave none. */
  recorderFd = -1;
  /** It has said so. */
  isDying = false;
  /** Who killed it, when it is dying or dead. */
  attribution: Attribution | undefined;
  /** The master has ended it, or has told it to end at once. */
  isSentAway = false;
  /** Numbers of the sockets it was given. */
  readonly socketIds = new Set<number>();
  /** 128 + signal, or its code; -1 while it runs. */
  exitStatus = -1;
  private readonly addon: Addon;
  private readonly channel: Channel;
  private readonly events: WorkerEvents;
  private wanted: SocketSettings[] = [];
  private hasReported = false;
  private readonly waiting: { readonly done: () => boolean; readonly resolve: () => void }[] = [];

  constructor(addon: Addon, pid: number, channelFd: number, stamp: string, events: WorkerEvents) {
    this.addon = addon;
    this.pid = pid;
    this.stamp = stamp;
    this.events = events;
    this.channel = new Channel(addon, channelFd, {
      onMessage: (message, fds) => this.take(message, fds),
      onNotice: (bytes, fds) => {
        for (const fd of fds) addon.closeFd(fd);
        if (!isCrashNotice(bytes)) return;
        this.isDying = true;
        events.onNotice(this);
      },
      onEnd: (reason) => events.onSilence(this, reason),
    });
  }

  get channelFd(): number {
    return this.channel.descriptor;
  }

  get isAlive(): boolean {
    return this.exitStatus < 0;
  }

  tell(message: ToWorker, fds: readonly number[] = [], given: readonly number[] = []): void {
    this.channel.send(message, fds, given);
  }

  /** Resolves when it has reached <state>: true, or when it never will: false. */
  reaches(state: 'ready' | 'serving', mostMs: number): Promise<boolean> {
    return this.comesTrue(() => this.state === state, mostMs);
  }

  /** Resolves when it has said all of its state: true, or <mostMs> later. */
  reports(mostMs: number): Promise<boolean> {
    this.hasReported = false;
    this.tell({ kind: 'report' });
    return this.comesTrue(() => this.hasReported, mostMs);
  }

  private async comesTrue(isThere: () => boolean, mostMs: number): Promise<boolean> {
    const done = () => isThere() || !this.isAlive;
    if (!done()) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, mostMs);
        const finish = () => {
          clearTimeout(timer);
          resolve();
        };
        this.waiting.push({ done, resolve: finish });
      });
    }
    return isThere();
  }

  signal(name: NodeJS.Signals): void {
    if (name === 'SIGKILL' || name === 'SIGTERM' || name === 'SIGINT') this.isSentAway = true;
    try {
      if (this.isAlive) process.kill(this.pid, name);
    } catch {
      // It is gone: its end will be noticed.
    }
  }

  /** Nothing is under way to it. */
  get isClear(): boolean {
    return this.channel.isClear;
  }

  save(): SavedWorker {
    const { pid, stamp, startedMs, servingSinceMs, generation, reloads, state, facts } = this;
    const { startupLog, notes, handoverFd, recorderFd, channelFd } = this;
    const socketIds = [...this.socketIds];
    return {
      ...{ pid, stamp, startedMs, servingSinceMs, generation, reloads, state, facts },
      ...{ startupLog, notes, handoverFd, recorderFd, channelFd, socketIds },
    };
  }

  restore({ socketIds, pid: _pid, stamp: _stamp, channelFd: _channel, ...rest }: SavedWorker): void {
    Object.assign(this, rest);
    for (const id of socketIds) this.socketIds.add(id);
  }

  /** What it read, given away: -1 when it is not known. */
  takeSources(): number {
    const fd = this.sourcesFd;
    this.sourcesFd = -1;
    return fd;
  }

  /** The process is gone. */
  ended(status: number): void {
    this.exitStatus = status;
    // What it said last may still be there: evidence, its state.
    this.channel.drain();
    this.lastState = this.state;
    this.state = 'gone';
    this.channel.close();
    this.closeOwn('sourcesFd');
    this.advance();
  }

  closeOwn(name: 'sourcesFd' | 'handoverFd' | 'recorderFd'): void {
    if (this[name] >= 0) this.addon.closeFd(this[name]);
    this[name] = -1;
  }

  private advance(): void {
    for (let at = this.waiting.length - 1; at >= 0; at--) {
      const one = this.waiting[at];
      if (one?.done() !== true) continue;
      this.waiting.splice(at, 1);
      one.resolve();
    }
  }

  private take(value: unknown, fds: number[]): void {
    const message = fromWorker(value, fds.length);
    if (message === undefined) {
      for (const fd of fds) this.addon.closeFd(fd);
      return;
    }
    this.hear(message, fds);
    this.advance();
  }

  private hear(message: FromWorker, fds: number[]): void {
    switch (message.kind) {
      case 'log':
        if (this.startupLog.length < STARTUP_LOG_MAX_CHARS) this.startupLog += message.text;
        break;
      case 'failed':
        // It ends by itself: how is worth waiting for.
        setTimeout(() => this.signal('SIGKILL'), FAILED_MAX_MS).unref();
        break;
      case 'recorder':
        this.closeOwn('recorderFd');
        this.recorderFd = fds.pop() ?? -1;
        break;
      case 'sockets':
        this.wanted.push(...message.wanted);
        if (this.wanted.length < message.total) break;
        this.events.onSockets(this, this.wanted);
        this.wanted = [];
        break;
      case 'ready':
        if (this.state !== 'booting') break;
        this.facts = message.facts;
        this.closeOwn('sourcesFd');
        this.sourcesFd = fds.shift() ?? -1;
        if (fds[0] !== undefined) this.findings = seenFrom(readDescriptor(fds[0]).toString());
        this.state = 'ready';
        break;
      case 'serving':
        if (this.state !== 'ready') break;
        this.state = 'serving';
        this.servingSinceMs = Date.now();
        break;
      case 'state':
        this.events.onState(this, message.entries);
        break;
      case 'reported':
        this.hasReported = true;
        break;
      case 'evidence':
        this.events.onEvidence(this, message.folder, readDescriptor(fds[0] ?? -1));
        break;
      case 'stale':
        this.notes = message.lines;
        this.staleRequests = message.requests;
        this.events.onStale(this, message.lines);
        break;
      default:
        break;
    }
    for (const fd of fds) this.addon.closeFd(fd);
  }
}
