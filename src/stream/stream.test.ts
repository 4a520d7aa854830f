/** The data path as scripted events and the commands they cause; each ends in its log line. */
import { beforeEach, describe, expect, it } from 'vitest';
import {
  COUNT_ERESP,
  COUNT_LBTOT,
  COUNT_REQBOUT,
  COUNT_SRV_ABRT,
  COUNT_STOT,
  COUNT_WREDIS,
} from '../model/counters.ts';
import { ACTION_CONTINUE } from '../model/rules.ts';
import * as abi from '../native/abi.ts';
import { House, makeRule } from './test-house.ts';

const GET = 'GET /a HTTP/1.1\r\nhost: x';
const ECONNRESET = 104;

describe('a request through a frontend and its backend', () => {
  let house: House;
  beforeEach(() => {
    house = new House();
    const front = house.proxy('frontend', 'fe');
    const back = house.proxy('backend', 'be');
    front.defaultBackend = back;
    house.server(back, 's1');
    house.server(back, 's2');
    house.open();
  });

  it('is forwarded in one command, ends in one log line', () => {
    expect(house.request(GET)).toEqual(['FORWARD s1 KEEP_SERVER|ABORT_ON_CLOSE|SLOT']);
    expect(house.end(0, 200)).toEqual(['fe be/s1 0 -- retries=0']);
  });

  it('may take an idle connection from the second request of its client on', () => {
    house.request(GET);
    house.end();
    expect(house.request(GET)).toEqual([
      'FORWARD s2 REUSE_IDLE|REUSE_UNSAFE|KEEP_SERVER|ABORT_ON_CLOSE|SLOT',
    ]);
  });

  it('takes a slot of its server', () => {
    house.request(GET);
    expect(house.live.words[house.live.server(0) + abi.LIVE_SV_SERVED]).toBe(1);
  });

  it('is answered 503 SC without a server', () => {
    house.live.words[house.live.server(0) + abi.LIVE_SV_STATE] = 0;
    house.live.words[house.live.server(1) + abi.LIVE_SV_STATE] = 0;
    expect(house.request(GET)[0]).toMatch(
      /^RESPOND DRAIN \{: 503; : Service Unavailable; content-length: 107;.*\} 107$/,
    );
    expect(house.end()).toEqual(['fe be/<NOSRV> 503 SC retries=0']);
  });
});

describe('connections that fail', () => {
  function refused(retries: number, servers: number, redispatch: number): House {
    const house = new House();
    const proxy = house.proxy('listen', 'li');
    proxy.retries = retries;
    proxy.redispatchInterval = redispatch;
    for (let i = 1; i <= servers; i++) house.server(proxy, `s${i}`);
    return house.open();
  }

  it('are tried again on the same server after the turn-around, then answered 503 SC', () => {
    const house = refused(2, 2, 0);
    expect(house.request(GET)).toEqual(['FORWARD s1 KEEP_SERVER|ABORT_ON_CLOSE|SLOT']);
    for (let i = 0; i < 2; i++) {
      expect(house.fail(abi.FAIL_CONNECT)).toEqual(['WAIT 500']);
      expect(house.wake(abi.WAKE_DEADLINE)).toEqual(['FORWARD s1 REPLAY|KEEP_SERVER|ABORT_ON_CLOSE|SLOT']);
    }
    expect(house.fail(abi.FAIL_CONNECT)[0]).toMatch(/^RESPOND DRAIN \{: 503/);
    expect(house.end()).toEqual(['li li/s1 503 SC retries=2']);
  });

  it('go to another server at once with option redispatch', () => {
    const house = refused(3, 2, -1);
    house.request(GET);
    expect(house.fail(abi.FAIL_CONNECT)).toEqual(['FORWARD s2 REPLAY|KEEP_SERVER|ABORT_ON_CLOSE|SLOT']);
  });

  it('are sessions of the server they went to, but no bytes of it; to be chosen twice counts once', () => {
    const house = refused(3, 2, -1);
    house.request(GET);
    house.fail(abi.FAIL_CONNECT);
    house.end();
    const counted = (server: number, counter: number) =>
      house.plane.counters[house.plane.serverCounters(server) + counter];
    expect([counted(0, COUNT_STOT), counted(1, COUNT_STOT)]).toEqual([1, 1]);
    expect([counted(0, COUNT_WREDIS), counted(1, COUNT_LBTOT), counted(1, COUNT_REQBOUT)]).toEqual([1, 1, 0]);
    const alone = refused(1, 1, 1);
    alone.request(GET);
    alone.fail(abi.FAIL_CONNECT);
    alone.wake(abi.WAKE_DEADLINE);
    expect(alone.plane.counters[alone.plane.serverCounters(0) + COUNT_LBTOT]).toBe(1);
    expect(alone.plane.counters[alone.plane.serverCounters(0) + COUNT_STOT]).toBe(2);
  });

  it('that end in the middle of the answer are errors of the server', () => {
    const house = refused(1, 1, 0);
    house.request(GET);
    house.end(0x4453, 200);
    const at = house.plane.serverCounters(0);
    expect([house.plane.counters[at + COUNT_ERESP], house.plane.counters[at + COUNT_SRV_ABRT]]).toEqual([
      1, 1,
    ]);
  });

  it('that time out are tried again at once, and end as sC', () => {
    const house = refused(1, 1, 0);
    house.request(GET);
    expect(house.fail(abi.FAIL_CONNECT_TIMEOUT)).toEqual([
      'FORWARD s1 REPLAY|KEEP_SERVER|ABORT_ON_CLOSE|SLOT',
    ]);
    house.fail(abi.FAIL_CONNECT_TIMEOUT);
    expect(house.end()).toEqual(['li li/s1 503 sC retries=1']);
  });

  it('of a client that left during the turn-around end as CC without status', () => {
    const house = refused(3, 1, 0);
    house.request(GET);
    house.fail(abi.FAIL_CONNECT);
    expect(house.wake(abi.WAKE_ABORT)).toEqual(['ABORT 0']);
    expect(house.end()).toEqual(['li li/s1 -1 CC retries=1']);
  });
});

describe('servers that close before they answer', () => {
  function one(): House {
    const house = new House();
    house.server(house.proxy('listen', 'li'), 's1');
    return house.open();
  }
  const reused = abi.EVF_REUSED | abi.EVF_REPLAYABLE;

  it('an idle connection that died: sent again on a fresh one, unseen', () => {
    const house = one();
    house.request(GET);
    house.end();
    house.request(GET);
    expect(house.fail(abi.FAIL_CLOSED, reused | abi.EVF_SENT)).toEqual([
      'FORWARD s1 REPLAY|KEEP_SERVER|ABORT_ON_CLOSE|SLOT',
    ]);
  });

  it('a POST that was sent is not repeated', () => {
    const house = one();
    house.request('POST / HTTP/1.1\r\nhost: x');
    expect(house.fail(abi.FAIL_CLOSED, reused | abi.EVF_SENT)[0]).toMatch(/^RESPOND DRAIN \{: 502/);
    expect(house.end()).toEqual(['li li/s1 502 SH retries=0']);
  });

  it('late, cut and malformed heads', () => {
    for (const [reason, line] of [
      [abi.BAD_TIMEOUT, 'li li/s1 504 sH retries=0'],
      [abi.BAD_CLOSED, 'li li/s1 502 PH retries=0'],
      [abi.BAD_SYNTAX, 'li li/s1 502 PH retries=0'],
    ] as const) {
      const house = one();
      house.request(GET);
      house.badResponse(reason);
      expect(house.end()).toEqual([line]);
    }
  });

  it('a client that left: 400 CH once the request was sent, with its page where it can be heard; CC before', () => {
    const house = one();
    house.request(GET);
    expect(house.fail(abi.FAIL_CLIENT_GONE, abi.EVF_SENT)[0]).toMatch(/^RESPOND CLOSE\|DRAIN \{: 400/);
    expect(house.end()).toEqual(['li li/s1 400 CH retries=0']);
    house.request(GET);
    expect(house.fail(abi.FAIL_CLIENT_GONE, abi.EVF_SENT, ECONNRESET)).toEqual(['ABORT 0']);
    expect(house.end()).toEqual(['li li/s1 400 CH retries=0']);
    house.request(GET);
    house.fail(abi.FAIL_CLIENT_GONE);
    expect(house.end()).toEqual(['li li/s1 -1 CC retries=0']);
  });
});

describe('a full server', () => {
  function full(): House {
    const house = new House();
    const proxy = house.proxy('listen', 'li');
    const server = house.server(proxy, 's1');
    server.maxconn = 1;
    house.open();
    house.request(GET, 1, 1);
    return house;
  }

  it('makes requests queue for the time of timeout connect', () => {
    expect(full().request(GET, 2, 2)).toEqual(['QUEUE any 500']);
  });

  it('goes on with the slot that it was granted', () => {
    const house = full();
    house.request(GET, 2, 2);
    expect(house.wake(abi.WAKE_SLOT, 0, 2)).toEqual(['FORWARD s1 KEEP_SERVER|ABORT_ON_CLOSE|SLOT']);
  });

  it('503 sQ when the time is over, CQ when the client left', () => {
    const house = full();
    house.request(GET, 2, 2);
    expect(house.wake(abi.WAKE_DEADLINE, 0, 2)[0]).toMatch(/^RESPOND DRAIN \{: 503/);
    expect(house.end(0, 0, 2)).toEqual(['li li/<NOSRV> 503 sQ retries=0']);
    house.request(GET, 2, 2);
    expect(house.wake(abi.WAKE_ABORT, 0, 2)).toEqual(['ABORT 0']);
    expect(house.end(0, 0, 2)).toEqual(['li li/<NOSRV> -1 CQ retries=0']);
  });
});

describe('requests that are none', () => {
  it('get the page of their status and HAProxy flags', () => {
    const house = new House();
    house.proxy('frontend', 'fe');
    house.open();
    for (const [reason, status, line] of [
      [abi.BAD_SYNTAX, 400, 'fe fe/<NOSRV> 400 PR retries=0'],
      [abi.BAD_SYNTAX, 501, 'fe fe/<NOSRV> 501 PR retries=0'],
      [abi.BAD_TOO_LARGE, 431, 'fe fe/<NOSRV> 431 PR retries=0'],
      [abi.BAD_TIMEOUT, 408, 'fe fe/<NOSRV> 408 cR retries=0'],
      [abi.BAD_CLOSED, 400, 'fe fe/<NOSRV> 400 CR retries=0'],
    ] as const) {
      expect(house.badRequest(reason, status)[0]).toMatch(new RegExp(`^RESPOND .*: ${status};`));
      expect(house.end()).toEqual([line]);
    }
  });
});

describe('the answer to what was no request', () => {
  it('is not for http-after-response rules, and is given with http-ignore-probes when something was said', () => {
    const house = new House();
    const proxy = house.proxy('listen', 'li');
    (proxy.options as Set<string>).add('http-ignore-probes');
    let runs = 0;
    const counting = makeRule('http-after-response set-header', () => {
      runs++;
      return ACTION_CONTINUE;
    });
    proxy.rules.set('http-after-response', [counting]);
    house.open();
    expect(house.badRequest(abi.BAD_CLOSED, 400)[0]).toMatch(/^RESPOND .*: 400;/);
    expect(runs).toBe(0);
  });
});

describe('an exception in policy', () => {
  it('is a 500 for its stream and names the keyword and its place', () => {
    const house = new House();
    const front = house.proxy('listen', 'li');
    house.server(front, 's1');
    let isBroken = true;
    front.rules.set('http-request', [
      makeRule('http-request set-header', () => {
        if (isBroken) throw new Error('boom');
        return ACTION_CONTINUE;
      }),
    ]);
    house.open();
    expect(house.request(GET)[0]).toMatch(/^RESPOND DRAIN \{: 500/);
    expect(house.errors).toEqual(["Policy failed in 'http-request set-header' at test.cfg:7: boom"]);
    expect(house.end()).toEqual(['li li/<NOSRV> 500 IR retries=0']);
    isBroken = false;
    expect(house.request(GET)[0]).toMatch(/^FORWARD s1/);
  });
});

describe('a batch without room', () => {
  it('answers what it can, lets the engine end the rest, and never throws', () => {
    const house = new House();
    house.server(house.proxy('listen', 'li'), 's1');
    house.open();
    const full = (): never => {
      throw new RangeError('the batch is full');
    };
    house.engine.log = full;
    house.engine.command = full;
    expect(() => house.request(GET)).not.toThrow();
    expect(() => house.end()).not.toThrow();
    expect(house.errors.length).toBe(2);
  });
});
