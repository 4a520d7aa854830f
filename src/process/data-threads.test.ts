/** Threads that boot while main reads: what they are told, and what becomes of one that does not get there. */
import { EventEmitter } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { makeSources } from '../section/sources.ts';
import { DataThreads } from './data-threads.ts';
import type { ToDataThread } from './thread-messages.ts';

class FakeWorker extends EventEmitter {
  readonly told: ToDataThread[] = [];
  unref(): void {}
  postMessage(message: ToDataThread): void {
    this.told.push(message);
    if (message.kind === 'configure') this.emit('message', { kind: 'ready' });
  }
}

function threads(count: number) {
  const workers = Array.from({ length: count }, () => new FakeWorker());
  return { workers, all: new DataThreads(workers as unknown as Worker[]) };
}

function work() {
  const options = { localPeer: 'here', maxconn: 0, proxyMaxconn: 0 };
  const sources = makeSources([{ name: 'a.cfg', text: '' }], options, {});
  return { sources, addresses: new Map(), shared: {} as never, engineCounts: new SharedArrayBuffer(8) };
}

const sourcesTold = (worker: FakeWorker | undefined) =>
  worker?.told.flatMap((message) => (message.kind === 'configure' ? [message.sources] : []));

it('sends the files once when main found no more of them', async () => {
  const { workers, all } = threads(2);
  const given = work();
  all.read(given.sources);
  await all.configure(given);
  expect(workers.map((worker) => worker.told[0]?.kind)).toEqual(['read', 'read']);
  expect(workers.map(sourcesTold)).toEqual([[undefined], [undefined]]);
});

it('sends them again with what main found, and to who was not told to read', async () => {
  const { workers, all } = threads(1);
  const given = work();
  all.read(given.sources);
  given.sources.attachments.set('page.html', new Uint8Array(1));
  await all.configure(given);
  expect(workers.map(sourcesTold)).toEqual([[given.sources]]);

  const late = threads(1);
  await late.all.configure(given);
  expect(late.workers.map(sourcesTold)).toEqual([[given.sources]]);
});

it('tells of a thread that was gone before anybody listened', async () => {
  const { workers, all } = threads(2);
  workers[1]?.emit('error', new Error('no memory'));
  const heard: string[] = [];
  all.onCrash = (thread, text) => heard.push(`${thread}: ${text.split('\n')[0]}`);
  await all.configure(work());
  expect(heard).toEqual(['1: Error: no memory']);
});
