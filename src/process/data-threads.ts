/** The data threads as main sees them: started early without work, handed the configuration, told to listen and to stop. One that
 * ends before it was told to is a crash of the process, never one thread less.
 */
import { Worker } from 'node:worker_threads';
import type { Sources } from '../section/configuration.ts';
import type { Question, Reply } from './questions.ts';
import type { FromDataThread, ToDataThread } from './thread-messages.ts';

/** A thread has so long to become ready. */
export const READY_MAX_MS = 30_000;

/** A thread answers between two batches; one that is busy for so long is not waited for. */
export const QUESTION_MAX_MS = 5_000;

export type Crash = (thread: number, text: string) => void;

type Answer = FromDataThread['kind'];

class DataThread {
  readonly index: number;
  private readonly worker: Worker;
  private readonly onCrash: Crash;
  private isEnding = false;
  private readonly questions = new Map<number, (reply: Reply) => void>();
  private lastQuestion = 0;
  private waiting: { readonly kind: Answer; readonly resolve: () => void } | undefined;
  /** An answer that came before it was waited for. */
  private early: Answer | undefined;

  constructor(index: number, worker: Worker, onCrash: Crash) {
    this.index = index;
    this.onCrash = onCrash;
    this.worker = worker;
    this.worker.on('message', (message: FromDataThread) => this.take(message));
    this.worker.on('error', (error) =>
      this.crash(error instanceof Error ? (error.stack ?? error.message) : String(error)),
    );
    this.worker.unref();
    this.worker.on('exit', (code) => this.crash(`it ended with code ${code}`));
  }

  private crash(text: string): void {
    if (this.isEnding) return;
    this.isEnding = true;
    this.onCrash(this.index, text);
  }

  private take(message: FromDataThread): void {
    if (message.kind === 'answer') {
      this.questions.get(message.number)?.(message.reply);
      this.questions.delete(message.number);
    } else if (message.kind === 'failed') {
      this.crash(message.text);
    } else if (this.waiting?.kind === message.kind) {
      const { resolve } = this.waiting;
      this.waiting = undefined;
      resolve();
    } else {
      this.early = message.kind;
    }
  }

  tell(message: ToDataThread): void {
    this.worker.postMessage(message);
  }

  /** Sends <message>, resolves with the answer of kind <answer>. */
  ask(message: ToDataThread, answer: Answer): Promise<void> {
    if (message.kind === 'destroy') this.isEnding = true;
    this.early = undefined;
    this.worker.postMessage(message);
    if (this.early === answer) return Promise.resolve();
    return new Promise((resolve) => {
      this.waiting = { kind: answer, resolve };
    });
  }

  /** Asks something between two batches; refused when it takes longer than QUESTION_MAX_MS. */
  question(question: Question): Promise<Reply> {
    const number = ++this.lastQuestion;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.questions.delete(number);
        reject(new Error(`thread ${this.index + 1} does not answer`));
      }, QUESTION_MAX_MS);
      this.questions.set(number, (reply) => {
        clearTimeout(timer);
        resolve(reply);
      });
      this.worker.postMessage({ kind: 'question', number, question } satisfies ToDataThread);
    });
  }

  /** From now on the process lives as long as it. */
  ref(): void {
    this.worker.ref();
  }

  async terminate(): Promise<void> {
    this.isEnding = true;
    await this.worker.terminate();
  }
}

function knownIn({ attachments, ids }: Sources): number {
  return attachments.size + ids.size;
}

export class DataThreads {
  /** Who hears of a thread that is gone; set before `configure`. */
  onCrash: Crash = () => {};
  private readonly threads: DataThread[] = [];
  /** Who was told to read, and how many files and names were known then. */
  private readers: readonly DataThread[] = [];
  private knownThen = 0;
  /** Who was gone before anybody could be told: told by `configure`. */
  private lost: { readonly thread: number; readonly text: string } | undefined;

  /** <booting> were started before anything was known. They do not keep the process alive until `resize`. */
  constructor(booting: readonly Worker[]) {
    for (const worker of booting) this.add(worker);
  }

  private add(worker: Worker): void {
    const crashed = (thread: number, text: string): void => {
      this.lost ??= { thread, text };
      this.onCrash(thread, text);
    };
    this.threads.push(new DataThread(this.threads.length, worker, crashed));
  }

  /** There were as many as the text of the configuration seemed to ask for; now it is known. */
  resize(count: number): void {
    for (const surplus of this.threads.splice(count)) void surplus.terminate();
    const program = new URL('../bin/data-thread.cjs', import.meta.url);
    // Trusted code of our own: it needs no arguments of the command line and no environment.
    while (this.threads.length < count) this.add(new Worker(program, { argv: [], stdin: false }));
    for (const thread of this.threads) thread.ref();
  }

  /** They parse beside main what it is about to parse. */
  read(sources: Sources): void {
    this.readers = [...this.threads];
    this.knownThen = knownIn(sources);
    this.tellAll({ kind: 'read', sources });
  }

  get count(): number {
    return this.threads.length;
  }

  /** For news that nobody waits for. */
  tellAll(message: ToDataThread): void {
    for (const thread of this.threads) thread.tell(message);
  }

  question(thread: number, question: Question): Promise<Reply> {
    const found = this.threads[thread];
    return found?.question(question) ?? Promise.reject(new RangeError(`there is no thread ${thread}`));
  }

  /** One of them throws. */
  panic(): void {
    this.threads[0]?.tell({ kind: 'panic' });
  }

  /** Hands every thread its work; resolves when all are ready. */
  async configure(
    work: Omit<Extract<ToDataThread, { kind: 'configure' }>, 'kind' | 'thread'>,
  ): Promise<void> {
    if (this.lost !== undefined) this.onCrash(this.lost.thread, this.lost.text);
    // Main's reading found more files and names where there is one: theirs knew nothing of them.
    const isComplete = work.sources !== undefined && knownIn(work.sources) === this.knownThen;
    await this.askAll('ready', (thread) => {
      const hasRead = isComplete && this.readers.includes(this.threads[thread] as DataThread);
      return { kind: 'configure', thread, ...work, ...(hasRead ? { sources: undefined } : {}) };
    });
  }

  async listen(on: boolean): Promise<void> {
    await this.askAll('listening', () => ({ kind: 'listen', on }));
  }

  /** All listeners are let go when this resolves. */
  async stop(): Promise<void> {
    await this.askAll('listening', () => ({ kind: 'stop' }));
  }

  /** The same; clients of <listeners> move to <handoverFd>. */
  async retire(handoverFd: number, listeners: Uint32Array): Promise<void> {
    await this.askAll('listening', () => ({ kind: 'retire', handoverFd, listeners }));
  }

  async destroy(): Promise<void> {
    await this.askAll('gone', () => ({ kind: 'destroy' }));
  }

  async terminate(): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.terminate()));
  }

  private async askAll(answer: Answer, message: (thread: number) => ToDataThread): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.ask(message(thread.index), answer)));
  }
}
