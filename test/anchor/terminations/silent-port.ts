/**
 * A port on which no connection is ever completed: its listener lives in a worker thread that sleeps, and its accept
 * queue is filled, so the kernel drops every further SYN. This is how a connect timeout looks on a real network.
 */
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';

const workerText = `
const { parentPort } = require('node:worker_threads');
const server = require('node:net').createServer();
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  parentPort.postMessage(server.address().port);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); // at once: whoever connects now must not be accepted
});`;

/** Connections that fill an accept queue of backlog 1 with room to spare, however the kernel counts. */
const FILLERS = 4;

export interface SilentPort {
  readonly port: number;
  stop(): Promise<void>;
}

export async function silentPort(): Promise<SilentPort> {
  const worker = new Worker(workerText, { eval: true });
  const port = await new Promise<number>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  const fillers: Socket[] = [];
  for (let count = 0; count < FILLERS; count++) fillers.push(connect({ port, host: '127.0.0.1' }));
  for (const filler of fillers) filler.on('error', () => undefined);
  await new Promise((resolve) => fillers[0]!.once('connect', resolve));
  return {
    port,
    async stop() {
      for (const filler of fillers) filler.destroy();
      await worker.terminate();
    },
  };
}
