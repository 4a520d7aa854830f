/** What the policy of one request costs, without the kernel and without C: a request head, a path and a host condition, two headers
 * added and one removed, round robin over four servers, and the end event. Prints nanoseconds a request.
 *
 *   npx esbuild bench/micro/stream.ts --bundle --platform=node --format=esm --outfile=/tmp/stream.mjs && node /tmp/stream.mjs
 */
import { Bench } from 'tinybench';
import { ACTION_CONTINUE, CONDITION_FAIL, CONDITION_PASS, type Condition } from '../../src/model/rules.ts';
import type { Stream } from '../../src/model/stream.ts';
import * as abi from '../../src/native/abi.ts';
import { onBatch } from '../../src/stream/batch.ts';
import { House, makeRule } from '../../src/stream/test-house.ts';

const HEAD =
  'GET /static/app.js?v=3 HTTP/1.1\r\nhost: www.example.com\r\nuser-agent: wrk\r\naccept: */*\r\nx-secret: 1\r\n\r\n';
/** Requests of one batch, as 64 keep-alive connections give them. */
const BATCH = 16;

function condition(source: string, test: (stream: Stream) => boolean): Condition {
  return { source, test, evaluate: (stream) => (test(stream) ? CONDITION_PASS : CONDITION_FAIL) };
}

function makeHouse(): House {
  const house = new House();
  const front = house.proxy('frontend', 'fe');
  const back = house.proxy('backend', 'be');
  front.logs.length = 0;
  front.defaultBackend = back;
  for (let i = 1; i <= 4; i++) house.server(back, `s${i}`);
  const host = Math.max(abi.FIELD_NAMES.indexOf('host'), 0);
  const isApp = condition('path_end .js', (stream) => {
    const target = stream.request.target;
    const query = target.indexOf('?');
    return (query < 0 ? target : target.substring(0, query)).endsWith('.js');
  });
  const isHost = condition('hdr(host)', (stream) => stream.request.get(host, 'host') === 'www.example.com');
  const add = (name: string, value: string) => (stream: Stream) => {
    stream.request.addField(name, value);
    return ACTION_CONTINUE;
  };
  front.rules.set('http-request', [
    makeRule('set-header', add('x-app', 'yes'), isApp),
    makeRule('set-header', add('x-host', 'www'), isHost),
    makeRule('del-header', (stream) => {
      stream.request.deleteAll(0, 'x-secret');
      return ACTION_CONTINUE;
    }),
  ]);
  return house.open();
}

const house = makeHouse();
const at = house.engine.writeHead(HEAD);
const words = new Uint32Array(BATCH * (abi.EVENT_WORDS + abi.EVENT_END_WORDS));
const other = { onProbe: () => {}, onControl: () => {} };
let generation = 1;

function fill(): void {
  generation++;
  let offset = 0;
  for (let i = 0; i < BATCH; i++) {
    words[offset] = abi.EV_REQUEST;
    words[offset + abi.E_STREAM] = i;
    words[offset + abi.E_STREAM_GEN] = generation;
    words[offset + abi.E_CONN] = i;
    words[offset + abi.E_CONN_GEN] = 1;
    words[offset + abi.E_HEAD] = at.head;
    words[offset + abi.E_FIELDS] = at.fields;
    words[offset + abi.E_TEXT] = at.text;
    offset += abi.EVENT_WORDS;
  }
  for (let i = 0; i < BATCH; i++) {
    words[offset] = abi.EV_END;
    words[offset + abi.E_STREAM] = i;
    words[offset + abi.E_STREAM_GEN] = generation;
    words[offset + abi.X_STATUS] = 200;
    words[offset + abi.X_FLAGS] = 0;
    for (let t = abi.X_T_IDLE; t <= abi.X_T_CLOSE; t++) words[offset + t] = t;
    offset += abi.EVENT_END_WORDS;
  }
}

const bench = new Bench({ time: 2000, warmupTime: 500 });
bench.add(`policy and end of ${BATCH} requests`, () => {
  fill();
  onBatch(house.plane, other, words, BATCH * 2);
  house.engine.dropCommands();
});
await bench.run();
for (const task of bench.tasks) {
  const result = task.result as unknown as { latency: { p50: number } };
  const ns = (result.latency.p50 * 1e6) / BATCH;
  console.log(`${task.name}: ${ns.toFixed(0)} ns a request (median)`);
}
