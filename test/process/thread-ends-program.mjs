// Run by thread-ends.test.ts: a data plane of our own over the addon, as small as can be. A worker thread serves requests of
// keep-alive clients that never wait, until it is ended in the way that is asked for; then the next one serves. What must
// not happen is an abort of libuv's, a hang, or a connection that is left behind. Usage: node thread-ends-program.mjs HOW ROUNDS.
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const addon = createRequire(import.meta.url)('../../build/Release/sluice.node');
const [EV_REQUEST, EV_BAD_REQUEST, CMD_RESPOND] = [2, 5, 3]; // as native/engine/abi.def has them
const [EVENT_WORDS, END_EVENT, END_WORDS, COMMAND_WORDS, LIVE_WORDS] = [16, 7, 32, 16, 16];
const TEXT = Buffer.from('200OKhello', 'latin1');
const CLIENTS = 8;
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const EXIT_CODE = 7;

function serve({ how, after }) {
  const { events, commands, edits, text } = addon.engineCreate(0);
  let answered = 0;
  addon.engineStart((count) => {
    let [n, at] = [0, 0];
    text.set(TEXT);
    edits.set([6, 0, 0, 3, 7, 3, 0, 2]); // EDIT_STATUS '200', EDIT_REASON 'OK'
    for (let i = 0; i < count; i++) {
      const kind = events[at];
      if (kind === EV_REQUEST || kind === EV_BAD_REQUEST) {
        commands.set([CMD_RESPOND, events[at + 1], events[at + 2], 0, 0, 2, 0, 0, 5, 5], n++ * COMMAND_WORDS);
        answered++;
      }
      at += kind === END_EVENT ? END_WORDS : EVENT_WORDS;
    }
    if (answered >= after && how === 'throw') throw new Error('thrown by policy');
    if (answered >= after && how === 'exit') process.exit(EXIT_CODE);
    if (answered >= after && how === 'spin') for (;;) parentPort.postMessage('spinning');
    return n;
  });
  addon.engineListen(1);
  parentPort.postMessage('ready');
}

/** Clients that ask again as soon as they are answered; they come back when they are cut off. */
function load(port) {
  const sockets = new Set();
  let isOver = false;
  const open = () => {
    if (isOver) return; // said while this call was waiting for its turn: nobody accepts any more, it would never end
    const socket = connect(port, '127.0.0.1', () => socket.write(GET.repeat(4)));
    sockets.add(socket);
    socket.on('data', (bytes) => socket.write(GET.repeat(Math.max(1, Math.round(bytes.length / 60)))));
    socket.on('error', () => {});
    socket.on('close', () => {
      sockets.delete(socket);
      setImmediate(open);
    });
  };
  for (let i = 0; i < CLIENTS; i++) open();
  return () => {
    isOver = true;
    for (const socket of sockets) socket.destroy();
  };
}

async function oneRound(how, round) {
  const after = how === 'throw' || how === 'exit' || how === 'spin' ? 50 + round * 7 : Infinity;
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: { how, after } });
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  const failed = new Promise((resolve) => worker.once('error', resolve));
  await once(worker, 'message');
  if (how === 'terminate') {
    await new Promise((resolve) => setTimeout(resolve, 5 + ((round * 13) % 60)));
    await worker.terminate();
  } else if (how === 'spin') {
    await once(worker, 'message');
    await worker.terminate();
  } else if (how === 'process-exit') {
    await new Promise((resolve) => setTimeout(resolve, 20 + (round % 5) * 10));
    process.exit(EXIT_CODE);
  }
  const code = await ended;
  if (how === 'throw' && !/thrown by policy/.test((await failed).message)) throw new Error('another error');
  if (how === 'exit' && code !== EXIT_CODE) throw new Error(`exit code ${code}`);
}

async function main(how, rounds) {
  const live = new Int32Array(new SharedArrayBuffer(3 * LIVE_WORDS * 4));
  const limits = {
    bufsize: 16384,
    maxrewrite: 1024,
    maxFields: 101,
    connsMax: 1000,
    poolMaxBytes: 1 << 26,
    idleShared: true,
    threads: 1,
  };
  addon.processInit(live, 1, 0, 1, limits);
  addon.setProxy(
    0,
    Uint32Array.from({ length: 16 }, (_, i) => (i === 9 ? 1 : i < 9 ? 5000 : 0)),
  ); // PX_FLAGS: PXF_HTTP
  const address = Uint8Array.of(2, 0, 0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0);
  const fd = addon.listen(address, 128, 4);
  const name = new Uint8Array(28);
  addon.socketName(fd, name);
  addon.setListener(0, Uint32Array.of(fd, 0, 1, 4, 0, 0, 0, 0));
  const stop = load((name[2] << 8) | name[3]);
  for (let round = 0; round < rounds; round++) await oneRound(how, round);
  stop();
  const [used] = addon.processUsage();
  console.log(`${rounds} ends by ${how}: connections left ${live[0]}, pool bytes left ${used}`);
}

if (isMainThread) await main(process.argv[2], Number(process.argv[3]));
else serve(workerData);
