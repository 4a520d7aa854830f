/** What a worker asks of its master, and what it is told by it. Owns the descriptors it was sent until they are handed on. */
import type { Seen } from '../../config/seen.ts';
import { HAPROXY_VERSION } from '../../config/version.ts';
import * as abi from '../../native/abi.ts';
import type { Addon } from '../../native/addon.ts';
import type { ProcessHistory } from '../../stats/source.ts';
import { isDaemonWanted } from '../daemon.ts';
import type { AtCrash, Host } from '../host.ts';
import {
  entryPieces,
  type FromWorker,
  SOCKETS_PER_MESSAGE,
  type SocketAnswer,
  type ToWorker,
} from '../master/messages.ts';
import type { Parts, Running } from '../running.ts';
import { onSignals } from '../signals.ts';
import type { Opened, Opener, SocketSettings } from '../sockets.ts';
import { StaleWatch } from './stale.ts';

/** How often what changed is looked for, and for how long. */
const STATE_EVERY_MS = 250;
const STATE_LOOK_MS = 1;

export interface Master {
  send(message: FromWorker, fds?: readonly number[], given?: readonly number[]): void;
  /** Sends what was said at the start. */
  sayLog(): void;
}

/** Sockets that somebody else opens: all are asked for at once, then given out in the same order. */
class BrokeredSockets implements Opener {
  private readonly master: Master;
  private readonly addon: Addon;
  private readonly answers: Opened[] = [];
  private wanted = 0;
  private given = 0;
  private resolve: () => void = () => {};

  constructor(master: Master, addon: Addon) {
    this.master = master;
    this.addon = addon;
  }

  async prepare(wanted: readonly SocketSettings[]): Promise<void> {
    this.wanted = wanted.length;
    if (wanted.length === 0) return;
    const whole = new Promise<void>((resolve) => {
      this.resolve = resolve;
    });
    const total = wanted.length;
    for (let at = 0; at < total; at += SOCKETS_PER_MESSAGE) {
      this.master.send({ kind: 'sockets', total, wanted: wanted.slice(at, at + SOCKETS_PER_MESSAGE) });
    }
    await whole;
  }

  take(answers: readonly SocketAnswer[], fds: readonly number[]): void {
    let at = 0;
    for (const answer of answers) {
      if ('error' in answer) this.answers.push(answer);
      else this.answers.push({ fd: fds[at++] as number, socketId: answer.socketId });
    }
    if (this.answers.length >= this.wanted) this.resolve();
  }

  open(settings: SocketSettings): Opened {
    const opened = this.answers[this.given++] ?? { error: 'the master gave no socket' };
    // Flags of the description are shared with whoever else has it: only what is ours alone is checked here.
    if ('fd' in opened && settings.address.kind === 'fd') {
      const result = this.addon.adoptListener(opened.fd);
      if (result < 0) return { error: `cannot use file descriptor '${settings.address.fd}'` };
    }
    return opened;
  }
}

export class MasterHost implements Host {
  generation = 0;
  reloads = 0;
  /** What this worker read, as bytes; asked for once. */
  sources: () => Uint8Array = () => new Uint8Array(0);
  /** What its start depended on, when that is known. */
  findings: readonly Seen[] | undefined;
  private readonly addon: Addon;
  private readonly master: Master;
  private readonly channelFd: number;
  private readonly sockets: BrokeredSockets;
  private running: Running | undefined;
  /** What the master told of other workers. */
  private readonly history: Partial<ProcessHistory> = {};
  private handoverFd = -1;
  /** Where clients of predecessors arrive. */
  private arriving: readonly number[] = [];
  /** What predecessors said of their state. */
  private readonly state: unknown[] = [];
  /** Sockets that the successor has, too. */
  private readonly kept = new Set<number>();
  /** Proxies whose encoder has to go, and words for the log: until clients are let in. */
  private readonly encoders = new Set<string>();
  private readonly alarms: string[] = [];
  private isServing = false;
  private isTold: () => void = () => {};

  constructor(addon: Addon, master: Master, channelFd: number) {
    this.addon = addon;
    this.master = master;
    this.channelFd = channelFd;
    this.sockets = new BrokeredSockets(master, addon);
  }

  begin(order: Extract<ToWorker, { kind: 'configure' }>, handoverFd: number): void {
    this.generation = order.generation;
    this.reloads = order.reloads;
    this.history.reloads = order.reloads;
    this.handoverFd = handoverFd;
  }

  /** Where this worker's connections go when it ends: the sending end of its handover. */
  get handover(): number {
    return this.handoverFd;
  }

  get atCrash(): AtCrash {
    return { channelFd: this.channelFd, handoverFd: this.handoverFd, generation: this.generation };
  }

  take(message: Exclude<ToWorker, { kind: 'configure' | 'warm-up' }>, fds: readonly number[]): void {
    switch (message.kind) {
      case 'sockets':
        this.sockets.take(message.answers, fds);
        return;
      case 'state':
        this.state.push(...message.entries);
        return;
      case 'history':
        this.tellHistory(message);
        return;
      case 'encoder':
        for (const proxy of message.proxies) this.encoders.add(proxy);
        if (this.isServing) this.switchEncodersOff();
        return;
      case 'alarm':
        this.alarms.push(message.text);
        if (this.isServing) this.sayAlarms();
        return;
      case 'report':
        if (this.running !== undefined) this.sayState(this.running.lastState());
        this.master.send({ kind: 'reported' });
        return;
      case 'serve':
        this.arriving = fds;
        this.isTold();
        return;
      case 'retire':
        for (const id of message.socketIds) this.kept.add(id);
        if (message.isLast) this.retire((message.handover ?? 1) === abi.HANDOVER_VERSION);
        return;
      default:
        if (this.running === undefined) this.addon.closeFd(fds[0] as number);
        else this.running.adoptClient(fds[0] as number, message.level);
    }
  }

  opener(): Opener {
    return this.sockets;
  }

  attach(running: Running): void {
    this.running = running;
    Object.assign(running.history, this.history, { generation: this.generation });
    onSignals(running, () => running.lastWords());
  }

  keepRecorder(_: Addon, fd: number): void {
    if (fd >= 0) this.master.send({ kind: 'recorder' }, [], [fd]);
  }

  opened(): boolean {
    return true;
  }

  async mayServe(parts: Parts): Promise<void> {
    const told = new Promise<void>((resolve) => {
      this.isTold = resolve;
    });
    // A change of user has undone it.
    this.addon.dieWithParent();
    this.sayReady(parts);
    await told;
    this.running?.applyState(this.state.splice(0));
    this.switchEncodersOff();
  }

  serves(): void {
    const { running } = this;
    running?.receive(this.arriving);
    this.master.send({ kind: 'serving' });
    this.isServing = true;
    if (running === undefined) return;
    this.sayAlarms();
    // Of a master in the background: whoever started it waits for the end of what is said.
    const { options, configuration } = running.parts;
    const isInBackground = isDaemonWanted(options, configuration.global.isDaemon) && !options.isNotifying;
    if (isInBackground) this.addon.silenceStreams();
    setInterval(() => this.sayState(running.changedState(STATE_LOOK_MS)), STATE_EVERY_MS).unref();
  }

  keepEvidence(text: string, folder: string): string {
    const fd = this.addon.memoryFile('sluice-evidence', Buffer.from(text, 'latin1'));
    if (fd >= 0) this.master.send({ kind: 'evidence', folder }, [], [fd]);
    return '';
  }

  /** What died of it must not meet it again: the switch is state from now on, and known to whoever comes next. */
  private switchEncodersOff(): void {
    const { running } = this;
    if (running === undefined || this.encoders.size === 0) return;
    running.switchEncodersOff(this.encoders);
    this.encoders.clear();
  }

  private sayAlarms(): void {
    for (const text of this.alarms.splice(0)) this.running?.logAlarm(text);
  }

  private tellHistory({ counts, crashesByProxy, last }: Extract<ToWorker, { kind: 'history' }>): void {
    const { reloads, failedReloads, crashes, crashesLately, encoderCrashes, staleWorkers, staleRequests } =
      counts;
    const told = {
      reloads,
      failedReloads,
      crashes,
      crashesLately,
      encoderCrashes,
      staleWorkers,
      staleRequests,
    };
    Object.assign(this.history, told, { crashesByProxy, lastCrash: last ?? undefined });
    if (this.running !== undefined) Object.assign(this.running.history, this.history);
  }

  private sayState(entries: readonly object[]): void {
    for (const piece of entryPieces(entries)) this.master.send({ kind: 'state', entries: piece });
  }

  /** <mayMove>: the successor understands what this process would send it. */
  private retire(mayMove: boolean): void {
    const { running } = this;
    if (running === undefined) return;
    new StaleWatch(running, (lines, requests) => this.master.send({ kind: 'stale', lines, requests }));
    running.retire(mayMove ? this.handoverFd : -1, this.kept);
  }

  giveUp(): void {
    this.master.sayLog();
    this.master.send({ kind: 'failed' });
  }

  private sayReady({ configuration, shared }: Parts): void {
    const { settings, hardStopAfterMs } = configuration.global;
    this.master.sayLog();
    const { addon, findings } = this;
    const fds = [addon.memoryFile('sluice-configuration', this.sources())];
    if (findings !== undefined)
      fds.push(addon.memoryFile('sluice-findings', Buffer.from(JSON.stringify(findings))));
    const facts = {
      version: HAPROXY_VERSION,
      threads: shared.threads,
      hardStopAfterMs,
      maxReloads: Number(settings.get('mworker-max-reloads')?.[0] ?? -1),
      hasStandby: !settings.has('no-standby'),
      pidFile: settings.get('pidfile')?.[0] ?? '',
      handover: abi.HANDOVER_VERSION,
    };
    this.master.send({ kind: 'ready', facts }, [], fds.some((fd) => fd < 0) ? [] : fds);
  }
}
