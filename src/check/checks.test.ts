/** Checks under a clock that the test turns: when they ask, what they find, what they say. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CheckHouse } from '../../test/tool/check-house.ts';
import { SERVER_DRAIN, SERVER_MAINT, SERVER_RUNNING, SERVER_STOPPING } from '../model/server.ts';
import * as abi from '../native/abi.ts';
import { parseConfiguration } from '../section/configuration.ts';
import { makeSources } from '../section/sources.ts';
import { setAdmin, setOperation, setWeight } from './server-admin.ts';
import type { ServerRecord } from './server-state.ts';

const HEAD = `defaults
  timeout connect 1s
  timeout client 1s
  timeout server 1s
`;

function house(text: string): CheckHouse {
  const file = { name: 'test.cfg', text: HEAD + text };
  const { configuration, messages } = parseConfiguration(
    makeSources([file], { localPeer: 'p', maxconn: 0, proxyMaxconn: 0 }, {}),
  );
  expect(messages.filter((message) => message.severity === 'alert')).toEqual([]);
  return new CheckHouse(configuration);
}

function state(on: CheckHouse, server: number): number {
  return on.live.words[on.live.server(server) + abi.LIVE_SV_STATE] as number;
}

const ONE = 'backend be\n  server s 127.0.0.1:1 check inter 1s fastinter 100ms downinter 5s rise 2 fall 3\n';
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi';

describe('a TCP check', () => {
  it('begins at once, then every `inter`; `fastinter` after a failure, `downinter` when down', () => {
    const on = house(ONE);
    on.checks.start();
    on.clock.turn(0);
    expect(on.asked).toHaveLength(1);
    on.answer(0, abi.PROBE_OK);
    on.clock.turn(999);
    expect(on.asked).toHaveLength(1);
    on.clock.turn(1);
    on.answer(0, abi.PROBE_CONNECT, '', 111);
    on.clock.turn(100);
    on.answer(0, abi.PROBE_CONNECT, '', 111);
    on.clock.turn(100);
    expect(state(on, 0)).toBe(SERVER_RUNNING);
    on.answer(0, abi.PROBE_CONNECT, '', 111);
    expect(state(on, 0)).toBe(0);
    const before = on.asked.length;
    on.clock.turn(4999);
    expect(on.asked).toHaveLength(before);
    on.clock.turn(1);
    expect(on.asked).toHaveLength(before + 1);
  });

  it('says what happened as HAProxy does, to stderr and to the log', () => {
    const on = house(ONE);
    on.checks.start();
    on.clock.turn(0);
    on.answer(0, abi.PROBE_CONNECT, '', 111);
    const down =
      'Server be/s is DOWN, reason: Layer4 connection problem, info: "ECONNREFUSED returned by OS (Connection refused)", check duration: 3ms. 0 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.';
    expect(on.voice.warnings).toEqual([down]);
    expect(on.voice.alerts).toEqual(["backend 'be' has no server available!"]);
    expect(on.voice.logged).toEqual([`1 ${down}`, '0 backend be has no server available!']);
    for (let i = 0; i < 2; i++) {
      on.clock.turn(5000);
      on.answer(0, abi.PROBE_OK);
    }
    expect(on.voice.logged.at(-1)).toBe(
      '5 Server be/s is UP, reason: Layer4 check passed, check duration: 3ms. 1 active and 0 backup servers online. 0 sessions requeued, 0 total in queue.',
    );
  });

  it('is spread over the interval for the first round', () => {
    const on = house(
      'backend be\n  default-server inter 4s\n  server a 127.0.0.1:1 check\n  server b 127.0.0.1:1 check\n  server c 127.0.0.1:1 check\n  server d 127.0.0.1:1 check\n',
    );
    on.checks.start();
    on.clock.turn(4000);
    expect(on.asked.slice(0, 4).map(({ id, atMs }) => [id, atMs])).toEqual([
      [0, 0],
      [1, 1000],
      [2, 2000],
      [3, 3000],
    ]);
  });

  it('bounds the connection by `timeout connect` and the answer by `timeout check`, else all by `inter`', () => {
    const on = house(`${ONE}backend two\n  timeout check 300ms\n  server s 127.0.0.1:1 check inter 2s\n`);
    on.checks.start();
    on.clock.turn(2000);
    expect(on.asked[0]).toMatchObject({ id: 0, connectMs: 100, readMs: 100 });
    expect(on.asked.find(({ id }) => id === 1)).toMatchObject({ connectMs: 1000, readMs: 300 });
  });

  it('says `Running on backup` when only backups are left, and nothing about a server in maintenance', () => {
    const on = house(
      'backend be\n  server a 127.0.0.1:1 check\n  server b 127.0.0.1:1 backup\n  server c 127.0.0.1:1 check disabled\n',
    );
    on.checks.start();
    on.clock.turn(60_000);
    expect(on.asked.every(({ id }) => id === 0)).toBe(true);
    on.answer(0, abi.PROBE_CONNECT_TIMEOUT);
    expect(on.voice.warnings[0]).toContain(
      'reason: Layer4 timeout, check duration: 3ms. 0 active and 1 backup',
    );
    expect(on.voice.warnings[0]).toContain('servers left. Running on backup. 0 sessions active');
    expect(on.voice.alerts).toEqual([]);
  });
});

describe('messages about the last server of a backend', () => {
  it('come once, when it goes; a server that took no work any more goes with a notice', () => {
    const on = house(`${ONE}  server t 127.0.0.1:2\n`);
    const [first, second] = on.states.records as [ServerRecord, ServerRecord];
    setAdmin(on.states, first, 'drain');
    expect(on.voice.alerts).toEqual([]);
    setAdmin(on.states, second, 'drain');
    expect(on.voice.alerts).toEqual(["backend 'be' has no server available!"]);
    setOperation(on.states, first, 'down');
    setAdmin(on.states, second, 'maint');
    expect(on.voice.alerts).toHaveLength(1);
    expect(on.voice.logged.map((line) => line.slice(0, 12))).toEqual([
      '5 Server be/',
      '5 Server be/',
      '0 backend be',
      '5 Server be/',
      '5 Server be/',
    ]);
    expect([first.downTransitions, second.downTransitions]).toEqual([1, 1]);
  });

  it('a drain leaves the time of the last change', () => {
    const on = house(ONE);
    const [record] = on.states.records as [ServerRecord];
    const before = record.lastChangeSeconds;
    on.clock.turn(5000);
    setAdmin(on.states, record, 'drain');
    expect(record.lastChangeSeconds).toBe(before);
  });
});

describe('an HTTP check', () => {
  const HTTP =
    'backend be\n  option httpchk\n  http-check disable-on-404\n  server s 127.0.0.1:1 check inter 1s fall 1 rise 1\n';

  it.each([
    ['HTTP/1.1 200 OK\r\n\r\n', 'L7OK'],
    ['HTTP/1.0 302 Found\r\n\r\n', 'L7OK'],
    ['HTTP/1.1 404 Not here\r\n\r\n', 'L7OKC'],
    ['HTTP/1.1 500 Oops\r\n\r\n', 'L7STS'],
    ['HTTP/1.1 20 OK\r\n\r\n', 'SOCKERR'],
    ['SSH-2.0-OpenSSH\r\n\r\n', 'SOCKERR'],
    ['\0\0\0\0', 'SOCKERR'],
  ])('reads %j as %s', (answer, status) => {
    const on = house(HTTP);
    on.checks.start();
    on.clock.turn(0);
    on.answer(0, abi.PROBE_OK, answer);
    expect(on.states.records[0]?.result?.status).toBe(status);
  });

  it('stops new work at a 404, takes it again at a 200', () => {
    const on = house(HTTP);
    on.checks.start();
    on.clock.turn(0);
    on.answer(0, abi.PROBE_OK, 'HTTP/1.1 404 Not here\r\n\r\n');
    expect(state(on, 0)).toBe(SERVER_RUNNING | SERVER_DRAIN | SERVER_STOPPING);
    on.clock.turn(1000);
    on.answer(0, abi.PROBE_OK, OK);
    expect(state(on, 0)).toBe(SERVER_RUNNING);
  });

  it('never throws, whatever bytes come back', () => {
    const on = house(HTTP);
    on.checks.start();
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        on.clock.turn(6000);
        on.answer(0, abi.PROBE_OK, Buffer.from(text).toString('latin1').slice(0, 4000));
        expect(on.states.records[0]?.result).toBeDefined();
      }),
      { numRuns: 300 },
    );
  });
});

describe('the administrator', () => {
  it('drains, takes out and brings back, and every change is told', () => {
    const on = house('backend be\n  server s 127.0.0.1:1\n  server t 127.0.0.1:1\n');
    const record = on.states.records[0];
    if (record === undefined) throw new Error('no record');
    setAdmin(on.states, record, 'drain');
    expect(state(on, 0)).toBe(SERVER_RUNNING | SERVER_DRAIN);
    setAdmin(on.states, record, 'maint');
    expect(state(on, 0)).toBe(SERVER_MAINT);
    setAdmin(on.states, record, 'drain');
    setAdmin(on.states, record, 'ready');
    expect(state(on, 0)).toBe(SERVER_RUNNING);
    expect(on.voice.warnings).toEqual([
      'Server be/s enters drain state. 1 active and 0 backup servers online. 0 sessions requeued, 0 total in queue.',
      'Server be/s is going DOWN for maintenance. 1 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.',
      'Server be/s is UP/DRAIN (leaving forced maintenance).',
      'Server be/s remains in forced drain mode.',
      'Server be/s is UP (leaving forced drain).',
    ]);
  });

  it('forces health and weight; data threads see an epoch move and queues are looked after', () => {
    const on = house('backend be\n  server s 127.0.0.1:1 weight 10\n');
    const record = on.states.records[0];
    if (record === undefined) throw new Error('no record');
    const epoch = () => on.live.words[on.live.proxy(0) + abi.LIVE_PX_EPOCH] as number;
    const before = epoch();
    setOperation(on.states, record, 'down');
    expect(on.voice.warnings[0]).toContain('Server be/s is DOWN, changed from CLI. 0 active');
    setOperation(on.states, record, 'up');
    setWeight(on.states, record, 0);
    expect(on.live.words[on.live.server(0) + abi.LIVE_SV_WEIGHT]).toBe(0);
    expect(on.states.isUsable(record)).toBe(false);
    expect(epoch()).toBe(before + 3);
    expect(on.voice.kicks).toBe(3);
  });
});
