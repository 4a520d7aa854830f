/** A data thread: boots without work, is handed the configuration's bytes, parses them as main did, runs one engine under one data
 * plane. Says what became of each message; an exception that nobody caught ends the thread, and main the process.
 */
import { parentPort } from 'node:worker_threads';
import type { Configuration } from '../model/configuration.ts';
import { NativeEngine } from '../native/engine.ts';
import { loadAddon } from '../native/load.ts';
import { parseConfiguration } from '../section/configuration.ts';
import type { Plane } from '../stream/plane.ts';
import { expectCrashesHere } from './crashes.ts';
import { createDataPlane } from './data-plane.ts';
import { publishEngineCounts } from './engine-counts.ts';
import { chooseProcessors } from './processors.ts';
import { answerQuestion } from './questions.ts';
import type { FromDataThread, ToDataThread } from './thread-messages.ts';

type Work = Extract<ToDataThread, { kind: 'configure' }>;

function readConfiguration(work: Work): Configuration {
  const { configuration } = parseConfiguration(work.sources);
  for (const server of configuration.servers) server.resolved = work.addresses[server.index];
  return configuration;
}

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
  private readonly say: (message: FromDataThread) => void;

  constructor(say: (message: FromDataThread) => void) {
    this.say = say;
  }

  take(message: ToDataThread): void {
    switch (message.kind) {
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

  private configure(work: Work): void {
    try {
      this.configuration = readConfiguration(work);
      ({ engine: this.engine, plane: this.plane } = startEngine(work, this.configuration));
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
