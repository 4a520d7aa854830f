/** What the master's runtime API sees of the master: the table of processes, reloads, and connections to workers' own runtime APIs. */
import { Socket } from 'node:net';
import type { Level } from '../../cli/command.ts';
import type { MasterDoor, ProcessRow, ReloadOutcome, WorkerPipe } from '../../cli/master-door.ts';
import { HAPROXY_VERSION } from '../../config/version.ts';
import type { Addon } from '../../native/addon.ts';
import type { Master } from './master.ts';
import type { WorkerChild } from './worker-child.ts';

/** One end of a stream whose other end a worker has taken for a client. */
class StreamPipe implements WorkerPipe {
  private readonly socket: Socket;
  private take: (text: string) => void = () => {};
  private finish: () => void = () => {};

  constructor(fd: number) {
    this.socket = new Socket({ fd, readable: true, writable: true, allowHalfOpen: true });
    this.socket.on('data', (data) => this.take(data.toString('latin1')));
    this.socket.once('close', () => this.finish());
    this.socket.once('end', () => this.socket.end());
    this.socket.on('error', () => this.socket.destroy());
    this.socket.resume();
  }

  send(text: string): void {
    this.socket.write(text, 'latin1');
  }

  end(): void {
    this.socket.end();
  }

  hold(isHeld: boolean): void {
    if (isHeld) this.socket.pause();
    else this.socket.resume();
  }

  onText(take: (text: string) => void): void {
    this.take = take;
  }

  onEnd(take: () => void): void {
    this.finish = take;
  }

  destroy(): void {
    this.socket.destroy();
  }
}

function isShown(worker: WorkerChild): boolean {
  return worker.state === 'serving' || worker.state === 'retiring';
}

export class Door implements MasterDoor {
  readonly version = HAPROXY_VERSION;
  readonly pid = process.pid;
  readonly descriptors = [-1, -1] as const;
  private readonly master: Master;
  private readonly addon: Addon;

  constructor(master: Master, addon: Addon) {
    this.master = master;
    this.addon = addon;
  }

  get startedMs(): number {
    return this.master.startedMs;
  }

  reloads(): { readonly tried: number; readonly failed: number } {
    return { tried: this.master.reloads, failed: this.master.failedReloads };
  }

  /** Who serves comes first: it is number 1 to clients. */
  workers(): readonly ProcessRow[] {
    const { current, crew } = this.master;
    const others = [...crew.workers].filter((one) => one !== current && isShown(one));
    const shown = current === undefined ? others : [current, ...others];
    return shown.map((worker) => ({
      pid: worker.pid,
      reloads: worker.reloads,
      startedMs: worker.startedMs,
      version: worker.facts?.version ?? HAPROXY_VERSION,
      isOld: worker !== current,
      notes: worker.notes,
      descriptors: [worker.channelFd, -1],
    }));
  }

  remarks(): readonly string[] {
    const { crew, current, chronicle, reserve } = this.master;
    const { deaths, culprits } = chronicle;
    const lines: string[] = [];
    if (current !== undefined) lines.push(`${current.pid}: generation ${current.generation}`);
    for (const worker of crew.workers) {
      const role = reserve.roleOf(worker);
      if (role !== '') lines.push(`${worker.pid}: ${role}, ${worker.state}`);
    }
    if (deaths.total > 0)
      lines.push(`deaths of workers: ${deaths.total}, ${deaths.lately(Date.now())} in the last 15 minutes`);
    if (culprits.last !== null) lines.push(`the last death: ${culprits.last.text}`);
    return lines;
  }

  environment(): readonly (readonly [name: string, value: string])[] {
    return Object.entries(process.env)
      .map(([name, value]) => [name, value ?? ''] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }

  startupLog(): string {
    return this.master.lastOutcome.log;
  }

  lastOutcome(): ReloadOutcome {
    return this.master.lastOutcome;
  }

  connect(pid: number, level: Level): WorkerPipe | undefined {
    const worker = [...this.master.crew.workers].find((one) => one.pid === pid && isShown(one));
    const pair = worker === undefined ? -1 : this.addon.streamPair();
    if (worker === undefined || typeof pair === 'number') return undefined;
    const [ours, theirs] = pair;
    worker.tell({ kind: 'cli', level }, [], [theirs]);
    return new StreamPipe(ours);
  }

  reload(isHard: boolean): Promise<ReloadOutcome> {
    return this.master.reload(isHard);
  }
}
