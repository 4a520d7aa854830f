/** What became of workers: who died, of what, how often, and who hears of it. Alerts say it, `show info` of who serves counts it, its log
 * targets get the same words. Owns the deaths and their culprits; workers and reloads are the master's.
 */
import type { Speaker } from '../say.ts';
import { type Attribution, attribute, readRecord } from './attribution.ts';
import { Culprits, ENCODER_DEATHS_MAX, type SavedCulprits } from './culprits.ts';
import { Deaths, ordinal, WINDOW_MS } from './deaths.ts';
import { endText } from './end-text.ts';
import type { WorkerChild } from './worker-child.ts';

/** Alarms that wait for somebody who can log them. */
const ALARMS_MAX = 16;
/** Who serves has told its state within this. */
const STATE_MAX_MS = 1000;
/** Who is told to let clients in does so within this, or not at all. */
const SERVING_MAX_MS = 60_000;

export interface ChronicleFacts {
  readonly workers: Iterable<WorkerChild>;
  current(): WorkerChild | undefined;
  reloads(): { readonly reloads: number; readonly failedReloads: number };
}

export interface SavedChronicle {
  readonly deaths: ReturnType<Deaths['save']>;
  readonly culprits?: SavedCulprits;
}

export class Chronicle {
  readonly deaths = new Deaths();
  readonly culprits = new Culprits();
  private readonly speaker: Speaker;
  private readonly facts: ChronicleFacts;
  private readonly alarms: string[] = [];
  /** Of stale workers that are gone by now. */
  private pastStaleRequests = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(speaker: Speaker, facts: ChronicleFacts) {
    this.speaker = speaker;
    this.facts = facts;
  }

  /** It is of no use any more: before anybody takes its place, so that he is told what not to do. */
  lost(worker: WorkerChild): void {
    if (!worker.isDying) return;
    const found = attribute(readRecord(worker.recorderFd), -1);
    if (found.isDeath) this.attributeTo(worker, found);
  }

  /** Its process is gone. <wasWaiting>: as standby or spare. */
  ended(worker: WorkerChild, isStopping: boolean, wasWaiting: boolean): void {
    const { lastState, exitStatus, isSentAway } = worker;
    const words = this.wordsOn(worker);
    const isDeath = worker.attribution?.isDeath === true;
    // Whoever was told to end at once has ended.
    const isUnasked = isDeath && !isSentAway;
    const said = isUnasked && words !== '' ? `. ${words}` : '';
    const how = `(${worker.pid}) exited with code ${endText(exitStatus)}`;
    if (isStopping) {
      if (lastState === 'serving') this.sayEnd(`Current worker ${how}${said}`, exitStatus >= 128);
    } else if (wasWaiting) {
      this.sayEnd(`Waiting worker ${how}${said}`, isUnasked);
    } else if (lastState === 'retiring') {
      const nth = isUnasked ? this.count(worker, Number.POSITIVE_INFINITY) : '';
      this.pastStaleRequests += worker.staleRequests;
      this.sayEnd(`Former worker ${how}${nth}${said}`, isUnasked);
    } else if (lastState === 'serving') {
      const nth = this.count(worker, Date.now() - worker.servingSinceMs);
      const current = this.facts.current();
      const next = current === undefined ? 'a new worker is started' : `worker (${current.pid}) serves`;
      this.sayEnd(`Current worker ${how}${nth}; ${next}.${words === '' ? '' : ` ${words}`}`, isDeath);
    }
    this.tell();
  }

  /** Its process is gone: what the alert says of its death, '' when there is nothing to say. */
  private wordsOn(worker: WorkerChild): string {
    if (worker.exitStatus === 0) return '';
    const found = attribute(readRecord(worker.recorderFd), worker.exitStatus);
    if (found.isDeath && worker.attribution === undefined) this.attributeTo(worker, found);
    worker.attribution = found;
    const report = found.report === '' ? '' : `; report: ${found.report}`;
    return found.sentence === '' ? '' : `${found.sentence}${report}`;
  }

  /** One more death of somebody who served <livedMs>: `, the 3rd death in 15 minutes`. */
  private count(worker: WorkerChild, livedMs: number): string {
    const nowMs = Date.now();
    const count = this.deaths.add(nowMs, livedMs);
    const { signal = '', proxy = '', sentence = '' } = worker.attribution ?? {};
    const text = sentence === '' ? endText(worker.exitStatus) : sentence;
    this.culprits.last = { timeSec: Math.floor(nowMs / 1000), signal, proxy, text };
    return `, the ${ordinal(count)} death in 15 minutes`;
  }

  private sayEnd(text: string, isDeath: boolean): void {
    if (isDeath) this.alarm(text);
    else this.speaker.warning(text);
  }

  /** An alert that log targets get, too, as soon as somebody serves who has them. */
  private alarm(text: string): void {
    this.speaker.alert(text);
    this.alarms.push(text);
    if (this.alarms.length > ALARMS_MAX) this.alarms.shift();
    const current = this.facts.current();
    if (current !== undefined) this.brief(current);
  }

  /** What <worker>, who serves or is about to, must know of those before him. */
  brief(worker: WorkerChild): void {
    const proxies = this.culprits.encodersDue;
    if (proxies.length > 0) {
      worker.tell({ kind: 'encoder', proxies });
      void worker.reaches('serving', SERVING_MAX_MS).then((serves) => {
        if (serves) setTimeout(() => this.settle(worker, proxies), STATE_MAX_MS).unref();
      });
    }
    for (const text of this.alarms.splice(0)) worker.tell({ kind: 'alarm', text });
  }

  /** Whoever comes after <worker> hears of it with the state of that. */
  private settle(worker: WorkerChild, proxies: readonly string[]): void {
    if (worker.isAlive) this.culprits.switchedOff(proxies);
  }

  /** For `show info` of who serves. */
  tell(): void {
    const stale = [...this.facts.workers].filter((one) => one.state === 'retiring' && one.notes.length > 0);
    let staleRequests = this.pastStaleRequests;
    for (const worker of stale) staleRequests += worker.staleRequests;
    const nowMs = Date.now();
    const crashesLately = this.deaths.lately(nowMs);
    const { encoderTotal, last } = this.culprits;
    const counts = {
      ...this.facts.reloads(),
      crashes: this.deaths.total,
      crashesLately,
      encoderCrashes: encoderTotal,
      staleWorkers: stale.length,
      staleRequests,
    };
    const crashesByProxy = this.culprits.text(nowMs);
    this.facts.current()?.tell({ kind: 'history', counts, crashesByProxy, last });
    clearTimeout(this.timer);
    // What is counted within a window changes with time alone.
    if (crashesLately > 0) {
      const ms = this.deaths.oldestMs(nowMs) + WINDOW_MS - nowMs + 1;
      this.timer = setTimeout(() => this.tell(), Math.max(ms, 1)).unref();
    }
  }

  stale(worker: WorkerChild, lines: readonly string[]): void {
    this.tell();
    for (const line of lines) this.speaker.warning(`Former worker (${worker.pid}) ${line}`);
  }

  save(): SavedChronicle {
    return { deaths: this.deaths.save(), culprits: this.culprits.save() };
  }

  restore({ deaths, culprits }: SavedChronicle): void {
    this.deaths.restore(deaths);
    if (culprits !== undefined) this.culprits.restore(culprits);
  }

  private attributeTo(worker: WorkerChild, found: Attribution): void {
    worker.attribution = found;
    const count = this.culprits.add(Date.now(), found);
    if (count < ENCODER_DEATHS_MAX) return;
    const name = found.proxy;
    this.alarm(
      `The encoder of ${name} is switched off: ${count} workers died in it within 15 minutes. 'set compression algo ${name} default' switches it on again.`,
    );
  }
}
