/** A data thread: boots without work, is handed the configuration's bytes, parses them as main does, runs one engine under one data
 * plane. Says what became of each message; an exception that nobody caught ends the process: here
 * with a master (crashes.ts), else the thread ends, and main the process.
 */
import { parentPort } from 'node:worker_threads';
import type { Configuration } from '../model/configuration.ts';
import { NativeEngine } from '../native/engine.ts';
import { loadAddon } from '../native/load.ts';
import { parseConfiguration, type Sources } from '../section/configuration.ts';
import type { Plane } from '../stream/plane.ts';
import { expectCrashesHere } from './crashes.ts';
import { createDataPlane } from './data-plane.ts';
import { publishEngineCounts } from './engine-counts.ts';
import { chooseProcessors } from './processors.ts';
import { answerQuestion } from './questions.ts';
import type { FromDataThread, ToDataThread } from './thread-messages.ts';

type Work = Extract<ToDataThread, { kind: 'configure' }>;

function startEngine(work: Work, configuration: Configuration): { engine: NativeEngine; plane: Plane } {
  chooseProcessors(loadAddon(), configuration.global, work.thread);
  expectCrashesHere(loadAddon());
  const engine = new NativeEngine(loadAddon(), work.thread);
  const { plane, onBatch } = createDataPlane(configuration, engine, work.shared);
  engine.start(onBatch);
  publishEngineCounts(loadAddon(), work.engineCounts, work.thread);
  return { engine, plane };
}

class DataThread {
  private engine: NativeEngine | undefined;
  private plane: Plane | undefined;
  private configuration: Configuration | undefined;
  private fault: unknown;
  private readonly say: (message: FromDataThread) => void;

  constructor(say: (message: FromDataThread) => void) {
    this.say = say;
  }

  take(message: ToDataThread): void {
    switch (message.kind) {
      case 'read':
        this.read(message.sources);
        return;
      case 'configure':
        this.configure(message);
        return;
      case 'listen':
        this.engine?.listen(message.on);
        this.say({ kind: 'listening', on: message.on });
        return;
      case 'stop':
        this.engine?.listen(false);
        this.engine?.stop();
        this.say({ kind: 'listening', on: false });
        return;
      case 'retire':
        this.engine?.retire(message.handoverFd, message.listeners);
        this.say({ kind: 'listening', on: false });
        return;
      case 'address': {
        const server = this.configuration?.servers[message.server];
        if (server !== undefined) server.resolved = message.address;
        return;
      }
      case 'question':
        if (this.plane === undefined) return;
        this.say({
          kind: 'answer',
          number: message.number,
          reply: answerQuestion(this.plane, message.question),
        });
        return;
      case 'panic':
        throw new Error('panic, as asked for by the runtime API');
      default:
        this.engine?.destroy();
        this.engine = undefined;
        this.plane = undefined;
        this.say({ kind: 'gone' });
    }
  }

  /** Beside main; nobody waits for it yet, so that what goes wrong is told when somebody does. */
  private read(sources: Sources): void {
    this.configuration = undefined; // what was read before is not meant any more
    this.fault = undefined;
    try {
      this.configuration = parseConfiguration(sources).configuration;
    } catch (error) {
      this.fault = error;
    }
  }

  private configure(work: Work): void {
    try {
      if (work.sources !== undefined) this.read(work.sources);
      const { configuration } = this;
      if (configuration === undefined) throw this.fault ?? new Error('it was given no configuration');
      for (const [index, address] of work.addresses) {
        const server = configuration.servers[index];
        if (server !== undefined) server.resolved = address;
      }
      ({ engine: this.engine, plane: this.plane } = startEngine(work, configuration));
      this.say({ kind: 'ready' });
    } catch (error) {
      this.say({
        kind: 'failed',
        text: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
    }
  }
}

/** Runs this worker thread; it lives until main closes the port. */
export function runDataThread(): void {
  const port = parentPort;
  if (port === null) throw new Error('a data thread is started by the main thread only');
  const thread = new DataThread((message) => port.postMessage(message));
  port.on('message', (message: ToDataThread) => thread.take(message));
}
