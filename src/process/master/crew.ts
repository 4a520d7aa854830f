/** The workers there are: starts them, gives them their orders and their sockets, tells when one is lost. Which of them serves is the
 * master's decision. Owns the list of the living.
 */
import type { Addon } from '../../native/addon.ts';
import type { SocketSettings } from '../sockets.ts';
import type { Broker, BrokerAnswer } from './broker.ts';
import type { Children } from './children.ts';
import { entryPieces, SOCKET_IDS_PER_MESSAGE, SOCKETS_PER_MESSAGE } from './messages.ts';
import { programStamp, startWorker } from './program.ts';
import { type SavedWorker, WorkerChild } from './worker-child.ts';

/** A worker whose channel ended has so long to end itself. */
const SILENT_MAX_MS = 5000;
/** Handovers of the dead that wait for a reader. */
const ORPHANS_MAX = 16;
/** Handovers of the living that a new worker reads. */
const HANDOVERS_MAX = 200;

export interface CrewEvents {
  /** It does not serve any more, whatever it did before; its end may still be under way. */
  onLost(worker: WorkerChild): void;
  /** Its process is gone: `exitStatus` says how. */
  onEnded(worker: WorkerChild): void;
  onStale(worker: WorkerChild, lines: readonly string[]): void;
  onState(worker: WorkerChild, entries: readonly unknown[]): void;
  onEvidence(worker: WorkerChild, folder: string, bytes: Buffer): void;
}

/** The crew as the program after this one finds it. */
export interface SavedCrew {
  readonly lastGeneration: number;
  readonly orphans: readonly number[];
  readonly workers: readonly SavedWorker[];
}

export interface Orders {
  readonly isSilent: boolean;
  /** A configuration that another worker has read; -1 = the files on disk. */
  readonly sourcesFd: number;
}

export class Crew {
  readonly workers = new Set<WorkerChild>();
  private readonly addon: Addon;
  private readonly words: readonly string[];
  private readonly masterSocket: string;
  private readonly children: Children;
  private readonly broker: Broker;
  private readonly events: CrewEvents;
  /** Receiving ends of workers that are gone. */
  private readonly orphans: number[] = [];
  lastGeneration = 0;

  constructor(
    addon: Addon,
    words: readonly string[],
    masterSocket: string,
    children: Children,
    broker: Broker,
    events: CrewEvents,
  ) {
    this.addon = addon;
    this.words = words;
    this.masterSocket = masterSocket;
    this.children = children;
    this.broker = broker;
    this.events = events;
  }

  /** A process of the program on disk, or -errno. It boots and waits. */
  spawn(): WorkerChild | number {
    const stamp = programStamp();
    const pair = this.addon.packetPair();
    if (typeof pair === 'number') return pair;
    const [ours, theirs] = pair;
    const pid = startWorker(this.addon, this.words, theirs);
    this.addon.closeFd(theirs);
    if (pid < 0) {
      this.addon.closeFd(ours);
      return pid;
    }
    return this.adopt(pid, ours, stamp);
  }

  /** A process that runs already. */
  adopt(pid: number, channelFd: number, stamp: string): WorkerChild {
    const worker = new WorkerChild(this.addon, pid, channelFd, stamp, {
      onSockets: (child, wanted) => this.giveSockets(child, wanted),
      onNotice: (child) => this.lose(child),
      onStale: (child, lines) => this.events.onStale(child, lines),
      onState: (child, entries) => this.events.onState(child, entries),
      onEvidence: (child, folder, bytes) => this.events.onEvidence(child, folder, bytes),
      onSilence: (child, reason) => this.silent(child, reason),
    });
    this.workers.add(worker);
    this.children.watch(pid, (status) => this.ended(worker, status));
    return worker;
  }

  /** Gives <worker> its configuration; it goes on until it is ready. */
  configure(worker: WorkerChild, orders: Orders): void {
    const pair = this.addon.packetPair();
    if (typeof pair === 'number') {
      worker.signal('SIGKILL');
      return;
    }
    const [kept, given] = pair;
    worker.handoverFd = kept;
    worker.generation = ++this.lastGeneration;
    const hasSources = orders.sourcesFd >= 0;
    const { generation, reloads } = worker;
    const { isSilent } = orders;
    const message = { generation, reloads, isSilent, hasSources, masterSocket: this.masterSocket };
    worker.tell({ kind: 'configure', ...message }, hasSources ? [given, orders.sourcesFd] : [given]);
    this.addon.closeFd(given);
  }

  /** Lets clients in. All that retire or died hand their connections to it from now on; <state> is
   * what they said of theirs. */
  serve(worker: WorkerChild, state: Iterable<object>): void {
    for (const entries of entryPieces(state)) worker.tell({ kind: 'state', entries });
    const ends = [...this.orphans.splice(0)];
    const kept: number[] = [];
    for (const one of this.workers) {
      if (one !== worker && one.handoverFd >= 0 && kept.length < HANDOVERS_MAX) kept.push(one.handoverFd);
    }
    worker.tell({ kind: 'serve' }, kept, ends);
  }

  /** Tells <worker> that <successor> serves. */
  retire(worker: WorkerChild, successor: WorkerChild): void {
    worker.state = 'retiring';
    const ids = [...successor.socketIds];
    const handover = successor.facts?.handover ?? 1;
    let at = 0;
    do {
      const socketIds = ids.slice(at, at + SOCKET_IDS_PER_MESSAGE);
      at += SOCKET_IDS_PER_MESSAGE;
      worker.tell({ kind: 'retire', socketIds, isLast: at >= ids.length, handover });
    } while (at < ids.length);
  }

  /** All that <worker> was given can still be reached under their names. */
  hasItsSockets(worker: WorkerChild): boolean {
    return this.broker.areNamed(worker.socketIds);
  }

  private giveSockets(worker: WorkerChild, wanted: readonly SocketSettings[]): void {
    const answers = this.broker.open(wanted);
    for (const answer of answers) if ('fd' in answer) worker.socketIds.add(answer.socketId);
    for (let at = 0; at < answers.length; at += SOCKETS_PER_MESSAGE)
      this.tellSockets(worker, answers.slice(at, at + SOCKETS_PER_MESSAGE));
  }

  private tellSockets(worker: WorkerChild, answers: readonly BrokerAnswer[]): void {
    const fds = answers.flatMap((answer) => ('fd' in answer ? [answer.fd] : []));
    const said = answers.map((answer) => ('fd' in answer ? { socketId: answer.socketId } : answer));
    worker.tell({ kind: 'sockets', answers: said }, fds);
  }

  /** A process without a channel is of no use: it ends by itself, or is made to. */
  private silent(worker: WorkerChild, reason: string): void {
    if (reason !== '') worker.signal('SIGKILL');
    else setTimeout(() => worker.signal('SIGKILL'), SILENT_MAX_MS).unref();
    this.lose(worker);
  }

  private lose(worker: WorkerChild): void {
    if (worker.isLost) return;
    worker.isLost = true;
    this.events.onLost(worker);
  }

  private ended(worker: WorkerChild, status: number): void {
    this.workers.delete(worker);
    worker.ended(status);
    this.lose(worker);
    if (worker.lastState === 'serving' || worker.lastState === 'retiring') this.keepOrphan(worker);
    this.events.onEnded(worker);
    worker.closeOwn('handoverFd');
    worker.closeOwn('recorderFd');
    this.sweepSockets();
  }

  /** What a dead worker sent lies in its handover until somebody serves who can read it. */
  private keepOrphan(worker: WorkerChild): void {
    if (worker.handoverFd < 0) return;
    this.orphans.push(worker.handoverFd);
    worker.handoverFd = -1;
    if (this.orphans.length > ORPHANS_MAX) this.addon.closeFd(this.orphans.shift() as number);
  }

  get isClear(): boolean {
    return [...this.workers].every((worker) => worker.isClear);
  }

  save(): SavedCrew {
    const { lastGeneration, orphans } = this;
    return { lastGeneration, orphans: [...orphans], workers: [...this.workers].map((one) => one.save()) };
  }

  restore(saved: SavedCrew): void {
    this.lastGeneration = saved.lastGeneration;
    this.orphans.push(...saved.orphans);
    for (const one of saved.workers) this.adopt(one.pid, one.channelFd, one.stamp).restore(one);
  }

  /** Sockets that no living worker has are closed; while nobody serves they wait, with their queues, for who will. */
  sweepSockets(): void {
    if (![...this.workers].some((worker) => worker.state === 'serving')) return;
    const used = new Set<number>();
    for (const worker of this.workers) for (const id of worker.socketIds) used.add(id);
    this.broker.keepOnly(used);
  }
}
