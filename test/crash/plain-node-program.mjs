// What Node does by itself while our fatal signals are set up: says each outcome in a line, then ends as argv asks.
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';

const [addonPath, reportDir, how] = process.argv.slice(2);
const addon = createRequire(import.meta.url)(addonPath);
addon.recorderCreate(-1, 1, 0, 0, 0);
const settings = {
  channelFd: -1,
  handoverFd: -1,
  reportDir,
  version: '',
  runtimeVersion: '',
  config: '',
  generation: 0,
};
if (addon.crashSetup(settings) !== 0) throw new Error('not set up');
addon.crashThread();

/** (module (memory 1) (func (export "f") (result i32) i32.const 1000000 i32.load)) */
const READS_OUTSIDE = [
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 127, 3, 2, 1, 0, 5, 3, 1, 0, 1, 7, 5, 1, 1, 102, 0, 0],
  ...[10, 11, 1, 9, 0, 65, 192, 132, 61, 40, 2, 0, 11],
];

function outcome(run) {
  try {
    run();
    return 'nothing';
  } catch (error) {
    return error.constructor.name;
  }
}

const deep = (n) => deep(n + 1) + 1;
const { instance } = await WebAssembly.instantiate(new Uint8Array(READS_OUTSIDE));
for (let i = 0; i < 3; i++) console.log(`wasm ${outcome(() => instance.exports.f())}`);
console.log(`stack ${outcome(() => deep(0))}`);

const inThread = `
  const { parentPort, workerData } = require('node:worker_threads');
  require(workerData).crashThread();
  const deep = (n) => deep(n + 1) + 1;
  try { deep(0); } catch (error) { parentPort.postMessage(error.constructor.name); }
`;
const worker = new Worker(inThread, { eval: true, workerData: addonPath });
worker.on('message', (name) => console.log(`worker ${name}`));
await new Promise((resolve) => worker.on('exit', resolve));

const { Session } = await import('node:inspector');
const session = new Session();
session.connect();
session.post('Runtime.evaluate', { expression: '6 * 7' }, (_error, { result }) =>
  console.log(`inspector ${result.value}`),
);
session.disconnect();
function givesUp() {
  process.abort();
}
if (how === 'abort') givesUp();
if (how === 'kill') process.kill(process.pid, 'SIGSEGV');
