/** Rules, waits and what is done to heads on the way: each case is a configuration of a few lines and the commands it leads to. */
import { describe, expect, it } from 'vitest';
import type { Proxy } from '../model/proxy.ts';
import {
  ACTION_CONTINUE,
  ACTION_DONE,
  ACTION_STOP,
  ACTION_WAIT,
  CONDITION_FAIL,
  CONDITION_MAYBE,
  CONDITION_PASS,
  type Condition,
} from '../model/rules.ts';
import type { Stream } from '../model/stream.ts';
import * as abi from '../native/abi.ts';
import { House, makeRule } from './test-house.ts';

const GET = 'GET /a HTTP/1.1\r\nhost: x';

function listen(shape: (proxy: Proxy, house: House) => void): House {
  const house = new House();
  const proxy = house.proxy('listen', 'li');
  house.server(proxy, 's1');
  shape(proxy, house);
  return house.open();
}

function when(test: (stream: Stream) => number): Condition {
  return { source: 'test', evaluate: test, test: (stream) => test(stream) === CONDITION_PASS };
}

const isPath = (path: string): Condition =>
  when((stream) => (stream.request.target === path ? CONDITION_PASS : CONDITION_FAIL));

function deny(status: number): ReturnType<typeof makeRule> {
  return makeRule('http-request deny', (stream) => {
    stream.reply = { status, termination: 'PR', message: undefined, isDefaultPage: false };
    return ACTION_DONE;
  });
}

describe('rules of a request', () => {
  it('run in order until one stops the set', () => {
    const said: string[] = [];
    const say = (word: string, outcome: number): ReturnType<typeof makeRule> =>
      makeRule(word, () => {
        said.push(word);
        return outcome;
      });
    const house = listen((proxy) =>
      proxy.rules.set('http-request', [
        say('a', ACTION_CONTINUE),
        say('b', ACTION_STOP),
        say('c', ACTION_STOP),
      ]),
    );
    expect(house.request(GET)[0]).toMatch(/^FORWARD s1/);
    expect(said).toEqual(['a', 'b']);
  });

  it('may answer: the page of the status, PR in the log, a denied request in the counters', () => {
    const house = listen((proxy) => proxy.rules.set('http-request', [deny(403)]));
    expect(house.request(GET)).toEqual([
      'RESPOND DRAIN {: 403; : Forbidden; content-length: 93; cache-control: no-cache; content-type: text/html} 93',
    ]);
    expect(house.end()).toEqual(['li li/<NOSRV> 403 PR retries=0']);
  });

  it('come again at the same rule after a wait, the condition is not asked twice', () => {
    let asked = 0;
    let runs = 0;
    const once = when(() => {
      asked++;
      return CONDITION_PASS;
    });
    const wait = (stream: Stream): number => {
      if (runs++ > 0) return ACTION_CONTINUE;
      stream.waitReasons = abi.WAKE_BYTES;
      stream.waitBytes = 10;
      stream.waitMs = 200;
      return ACTION_WAIT;
    };
    const house = listen((proxy) => proxy.rules.set('http-request', [makeRule('wait', wait, once)]));
    expect(house.request(GET)).toEqual(['WAIT 200']);
    expect(house.wake(abi.WAKE_BYTES)[0]).toMatch(/^FORWARD s1/);
    expect([asked, runs]).toEqual([1, 2]);
  });

  it('a client that leaves meanwhile ends the stream', () => {
    const house = listen((proxy) =>
      proxy.rules.set('http-request', [
        makeRule('wait', (stream) => {
          stream.waitReasons = abi.WAKE_BYTES;
          return ACTION_WAIT;
        }),
      ]),
    );
    house.request(GET);
    expect(house.wake(abi.WAKE_ABORT)).toEqual(['ABORT 0']);
    expect(house.end()).toEqual(['li li/<NOSRV> 400 CR retries=0']);
  });

  it('tarpit: the answer comes after its time', () => {
    const house = listen((proxy) =>
      proxy.rules.set('http-request', [
        makeRule('tarpit', (stream) => {
          stream.reply = { status: 500, termination: 'PT', message: undefined, isDefaultPage: false };
          stream.tarpitMs = 300;
          return ACTION_DONE;
        }),
      ]),
    );
    expect(house.request(GET)).toEqual(['WAIT 300']);
    expect(house.wake(abi.WAKE_DEADLINE)[0]).toMatch(/^RESPOND DRAIN \{: 500/);
    expect(house.end()).toEqual(['li li/<NOSRV> 500 PT retries=0']);
  });

  it('an action without an answer ends the stream as it says', () => {
    const house = listen((proxy) =>
      proxy.rules.set('http-request', [
        makeRule('silent-drop', (stream) => {
          stream.abortHow = abi.ABORT_SILENT;
          stream.termination = 'PR';
          return ACTION_DONE;
        }),
      ]),
    );
    expect(house.request(GET)).toEqual(['ABORT 2']);
  });
});

describe('content rules', () => {
  it('wait up to inspect-delay for what may still change', () => {
    let holds = CONDITION_MAYBE;
    const house = listen((proxy) => {
      proxy.inspectDelayMs = 500;
      proxy.rules.set('tcp-request content', [
        makeRule(
          'reject',
          deny(403).action.run,
          when(() => holds),
        ),
      ]);
    });
    expect(house.request(GET)).toEqual(['WAIT 500']);
    house.engine.nowMs += 100;
    expect(house.wake(abi.WAKE_BYTES)).toEqual(['WAIT 400']);
    holds = CONDITION_FAIL;
    expect(house.wake(abi.WAKE_BYTES)[0]).toMatch(/^FORWARD s1/);
  });

  it('take a maybe for no when the delay is over', () => {
    const house = listen((proxy) => {
      proxy.inspectDelayMs = 500;
      proxy.rules.set('tcp-request content', [
        makeRule(
          'reject',
          deny(403).action.run,
          when(() => CONDITION_MAYBE),
        ),
      ]);
    });
    house.request(GET);
    house.engine.nowMs += 500;
    expect(house.wake(abi.WAKE_DEADLINE)[0]).toMatch(/^FORWARD s1/);
  });
});

describe('the way to a server', () => {
  it('use_backend before default_backend, by name too', () => {
    const house = new House();
    const front = house.proxy('frontend', 'fe');
    const one = house.proxy('backend', 'one');
    const two = house.proxy('backend', 'two');
    house.server(one, 'a');
    house.server(two, 'b');
    front.defaultBackend = one;
    const place = { file: 'x', line: 1 };
    const name = { source: 'two', build: () => 'two', constant: 'two' };
    front.useBackends.push({ place, backend: undefined, name, condition: isPath('/two') });
    house.open();
    expect(house.request(GET)[0]).toMatch(/^FORWARD a /);
    house.end();
    expect(house.request('GET /two HTTP/1.1\r\nhost: x')[0]).toMatch(/^FORWARD b /);
  });

  it('use-server before the balance algorithm, unless that server is down', () => {
    const house = listen((proxy, it) => {
      const second = it.server(proxy, 's2');
      proxy.useServers.push({ place: { file: 'x', line: 1 }, server: second, condition: isPath('/a') });
    });
    expect(house.request(GET)[0]).toMatch(/^FORWARD s2/);
    house.end();
    house.live.words[house.live.server(1) + abi.LIVE_SV_STATE] = 0;
    expect(house.request(GET)[0]).toMatch(/^FORWARD s1/);
  });

  it('option http-buffer-request waits for the body, 408 when it does not come', () => {
    const house = listen((proxy) => proxy.options.add('http-buffer-request'));
    expect(house.request('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5')).toEqual(['WAIT 5000']);
    expect(house.wake(abi.WAKE_DEADLINE)[0]).toMatch(/^RESPOND .*: 408/);
    expect(house.end()).toEqual(['li li/<NOSRV> 408 cR retries=0']);
  });

  it('monitor-uri is answered, and not logged', () => {
    const house = listen((proxy) => proxy.settings.set('monitor-uri', ['/alive']));
    expect(house.request('GET /alive HTTP/1.1\r\nhost: x')[0]).toMatch(/^RESPOND DRAIN \{: 200; : OK/);
    expect(house.end()).toEqual([]);
    const absolute = listen((proxy) => proxy.settings.set('monitor-uri', ['/alive']));
    expect(absolute.request('GET http://x/alive HTTP/1.1\r\nhost: x')[0]).toMatch(/^RESPOND DRAIN \{: 200/);
    const other = listen((proxy) => proxy.settings.set('monitor-uri', ['/alive']));
    expect(other.request('GET http://x/y/alive HTTP/1.1\r\nhost: x')[0]).not.toMatch(/^RESPOND/);
  });

  it('option forwardfor adds the client, not from the networks it excepts', () => {
    const forward = { header: 'x-forwarded-for', ifNone: false, except: undefined };
    const house = listen((proxy) => {
      proxy.forwardFor = forward;
    });
    expect(house.request(GET)[0]).toMatch(/\{x-forwarded-for: 192\.0\.2\.1\}$/);
    const except = listen((proxy) => {
      proxy.forwardFor = { ...forward, except: { network: '192.0.2.0/24' } };
    });
    expect(except.request(GET)[0]).not.toMatch(/forwarded/);
    const ifNone = listen((proxy) => {
      proxy.forwardFor = { ...forward, ifNone: true };
    });
    expect(ifNone.request(`${GET}\r\nx-forwarded-for: 1.1.1.1`)[0]).not.toMatch(/\{/);
  });

  it('Max-Forwards is counted down for OPTIONS and TRACE, and ends here at zero (RFC 9110 7.6.2)', () => {
    const house = listen(() => {});
    expect(house.request('OPTIONS * HTTP/1.1\r\nhost: x\r\nmax-forwards: 7')[0]).toMatch(/\{: 6\}$/);
    house.end();
    expect(house.request('OPTIONS * HTTP/1.1\r\nhost: x\r\nmax-forwards: 0')[0]).toMatch(/^RESPOND .*: 200/);
    house.end();
    const trace = house.request('TRACE / HTTP/1.1\r\nhost: x\r\ncookie: s=1\r\nmax-forwards: 0')[0];
    expect(trace).toMatch(/content-type: message\/http\} 46$/);
  });
});

describe('connections', () => {
  function flags(front: string, back: string): string {
    const house = new House();
    const fe = house.proxy('frontend', 'fe');
    const be = house.proxy('backend', 'be');
    fe.defaultBackend = be;
    house.server(be, 's1');
    if (front !== '') fe.options.add(front);
    if (back !== '') be.options.add(back);
    const command = house.open().request(GET)[0] ?? '';
    return command.split(' ')[2]?.replace('|ABORT_ON_CLOSE|SLOT', '').replace('ABORT_ON_CLOSE|', '') ?? '';
  }

  it('httpclose closes the side of its section, http-server-close the server', () => {
    expect(flags('', '')).toBe('KEEP_SERVER');
    expect(flags('httpclose', '')).toBe('KEEP_SERVER|CLOSE_CLIENT');
    expect(flags('', 'httpclose')).toBe('CLOSE_SERVER|SLOT');
    expect(flags('http-server-close', '')).toBe('CLOSE_SERVER|SLOT');
    expect(flags('', 'http-server-close')).toBe('CLOSE_SERVER|SLOT');
  });

  it('a rule that adds Connection: close to a request closes the server side', () => {
    const closes = makeRule('set-header', (stream) => {
      stream.request.asksClose = true;
      return ACTION_CONTINUE;
    });
    const house = listen((proxy) => proxy.rules.set('http-request', [closes]));
    expect(house.request(GET)[0]).toContain('CLOSE_SERVER');
  });
});

describe('the way back', () => {
  const OK = 'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 100';

  it('response rules see it, and it is asked for only then', () => {
    const house = listen((proxy) =>
      proxy.rules.set('http-response', [
        makeRule('add-header', (stream) => {
          stream.response.addField('x-seen', 'yes');
          return ACTION_CONTINUE;
        }),
      ]),
    );
    expect(house.request(GET)[0]).toMatch(/^FORWARD s1 WANT_RESPONSE/);
    expect(house.response(OK)).toEqual(['FORWARD_RESPONSE stage=0 {x-seen: yes}']);
    expect(listen(() => {}).request(GET)[0]).not.toMatch(/WANT_RESPONSE/);
  });

  it('is compressed when the client accepts it', () => {
    const house = listen((proxy) => {
      proxy.compression = {
        algosRequest: [],
        algosResponse: ['gzip'],
        typesRequest: [],
        typesResponse: [],
        offload: true,
        direction: 'response',
        minsizeRequest: 0,
        minsizeResponse: 0,
        varyAlways: false,
      };
    });
    expect(house.request(`${GET}\r\naccept-encoding: gzip`)[0]).toMatch(/WANT_RESPONSE.*\{-1\}$/);
    expect(house.response(OK)).toEqual([
      `FORWARD_RESPONSE stage=${abi.STAGE_GZIP} {vary: Accept-Encoding; content-encoding: gzip}`,
    ]);
    house.end();
    expect(house.request(GET)[0]).not.toMatch(/WANT_RESPONSE/);
  });

  it('http-after-response changes answers of our own too', () => {
    const house = listen((proxy) => {
      proxy.rules.set('http-request', [deny(403)]);
      proxy.rules.set('http-after-response', [
        makeRule('set-header', (stream) => {
          stream.response.addField('x-after', '1');
          return ACTION_CONTINUE;
        }),
      ]);
    });
    expect(house.request(GET)[0]).toMatch(/; x-after: 1\} 93$/);
  });
});
