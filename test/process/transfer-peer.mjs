// Run as a worker thread by transfer.test.ts: an old process that may be anything. It listens at <path>, takes one connection,
// waits for the first bytes and then does <steps>, one after the other:
//   { bytes, descriptors }  sends bytes (base64) with so many descriptors of a listening socket
//   { wait: true }          waits for the next bytes of the other side
//   { close: true }         ends the connection
// Ends when the other side has closed.
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

const addon = createRequire(import.meta.url)('../../build/Release/sluice.node');
const { path, steps, port } = workerData;
const listener = createServer();

async function play(socket) {
  let arrived = () => {};
  socket.on('data', () => arrived());
  socket.on('error', () => socket.destroy());
  const ended = new Promise((resolve) => socket.once('close', resolve));
  const more = () => Promise.race([ended, new Promise((resolve) => (arrived = resolve))]);
  await more();
  for (const step of steps) {
    if (step.wait) await more();
    else if (step.close) socket.destroy();
    else {
      const fds = Array.from({ length: step.descriptors ?? 0 }, () => listener._handle.fd);
      if (socket._handle) addon.sendDescriptors(socket._handle.fd, Buffer.from(step.bytes, 'base64'), fds);
    }
  }
  await ended;
}

const server = createServer((socket) => {
  void play(socket).finally(() => {
    listener.close();
    server.close();
  });
});
listener.listen(port, '127.0.0.1', () => server.listen(path, () => parentPort.postMessage('ready')));
