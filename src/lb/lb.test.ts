/** What the balance algorithms and slots promise: order, ratio, limits. Weights and interleavings are properties. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SERVER_DRAIN, SERVER_MAINT, SERVER_RUNNING, type Server } from '../model/server.ts';
import * as abi from '../native/abi.ts';
import { House } from '../stream/test-house.ts';
import { createBalancer } from './balance.ts';
import type { Balancer } from './server-group.ts';
import { takeSlot } from './slot.ts';
import { mapOrder, turnOrder } from './turn-order.ts';

const STREAM = undefined as never;

function backend(weights: number[], algorithm = 'roundrobin', shape: (house: House) => void = () => {}) {
  const house = new House();
  const proxy = house.proxy('listen', 'li');
  proxy.balance.algorithm = algorithm;
  for (const [i, weight] of weights.entries()) house.server(proxy, `s${i + 1}`).weight = weight;
  shape(house);
  house.open();
  const balancer = createBalancer(proxy, house.live);
  const set = (server: number, word: number, value: number): void => {
    house.live.words[house.live.server(server) + word] = value;
    const epoch = house.live.proxy(proxy.index) + abi.LIVE_PX_EPOCH;
    house.live.words[epoch] = (house.live.words[epoch] as number) + 1;
  };
  return { house, proxy, balancer, set };
}

function run(balancer: Balancer, requests: number): string {
  let text = '';
  for (let i = 0; i < requests; i++) text += `${balancer.next(STREAM, undefined)?.name.slice(1) ?? '-'}`;
  return text;
}

describe('balance roundrobin', () => {
  it('serves equal servers in file order, from the first', () => {
    expect(run(backend([1, 1, 1, 1]).balancer, 9)).toBe('123412341');
  });

  it('spreads weights within a round', () => {
    expect(run(backend([3, 1]).balancer, 8)).toBe('12111211');
    expect(run(backend([2, 2, 1]).balancer, 5)).toBe('12312');
  });

  it('gives each server exactly its weight in a round, evenly spread (property)', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 256 }), { minLength: 1, maxLength: 12 }), (weights) => {
        const order = turnOrder(weights);
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        for (const [server, weight] of weights.entries()) {
          const turns = [...order.keys()].filter((at) => order[at] === server);
          expect(turns.length * total).toBe(weight * order.length);
          // Between two turns of a server the others get no more than about their share.
          const share = order.length / turns.length;
          for (let k = 1; k < turns.length; k++) {
            const gap = (turns[k] as number) - (turns[k - 1] as number);
            expect(gap).toBeLessThanOrEqual(share + weights.length);
          }
        }
      }),
    );
  });

  it('has the order of HAProxy 3.5 in maps', () => {
    expect([...mapOrder([3, 2, 1])]).toEqual([0, 0, 1, 0, 1, 2]);
    expect([...mapOrder([10, 1, 5])].join('')).toBe('0012002002002002');
    expect([...mapOrder([4, 4])]).toEqual([0, 1]);
    expect([...mapOrder([])]).toEqual([]);
  });

  it('keeps one order over two threads, whichever takes the next request (property)', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }), (whichThread) => {
        const { house, proxy, balancer } = backend([2, 1, 1]);
        const other = createBalancer(proxy, house.live);
        const alone = run(backend([2, 1, 1]).balancer, whichThread.length);
        expect(whichThread.map((own) => run(own ? balancer : other, 1)).join('')).toBe(alone);
      }),
    );
  });

  it('passes over servers that are down, draining or in maintenance', () => {
    const { balancer, set } = backend([1, 1, 1]);
    set(1, abi.LIVE_SV_STATE, SERVER_RUNNING | SERVER_DRAIN);
    expect(run(balancer, 4)).toBe('1313');
    set(0, abi.LIVE_SV_STATE, SERVER_RUNNING | SERVER_MAINT);
    expect(run(balancer, 2)).toBe('33');
    set(2, abi.LIVE_SV_STATE, 0);
    expect(run(balancer, 1)).toBe('-');
    expect(balancer.group.isEmpty).toBe(true);
  });

  it('passes over full servers', () => {
    const { house, balancer } = backend([1, 1], 'roundrobin', (h) => {
      (h.servers[0] as Server).maxconn = 1;
    });
    expect(takeSlot(balancer.group, house.servers[0] as Server)).toBe(true);
    expect(run(balancer, 3)).toBe('222');
  });

  it('uses the first backup when no other is up, all of them with option allbackups', () => {
    const shape = (house: House): void => {
      for (const server of house.servers.slice(1)) server.backup = true;
    };
    const one = backend([1, 1, 1], 'roundrobin', shape);
    expect(run(one.balancer, 2)).toBe('11');
    one.set(0, abi.LIVE_SV_STATE, 0);
    expect(run(one.balancer, 3)).toBe('222');
    const all = backend([1, 1, 1], 'roundrobin', (house) => {
      shape(house);
      house.proxies[0]?.options.add('allbackups');
    });
    all.set(0, abi.LIVE_SV_STATE, 0);
    expect(run(all.balancer, 4)).toBe('2323');
  });

  it('goes to another server than the one that failed, unless it is the only one', () => {
    const { house, balancer } = backend([1, 1]);
    expect(balancer.next(STREAM, house.servers[0])?.name).toBe('s2');
    const alone = backend([1]);
    expect(alone.balancer.next(STREAM, alone.house.servers[0])?.name).toBe('s1');
  });
});

describe('other algorithms', () => {
  it('leastconn: fewest requests for the weight, idle servers take turns', () => {
    const { house, balancer } = backend([1, 1, 2], 'leastconn');
    expect(run(balancer, 3)).toBe('123');
    house.live.words[house.live.server(0) + abi.LIVE_SV_SERVED] = 2;
    house.live.words[house.live.server(1) + abi.LIVE_SV_SERVED] = 3;
    house.live.words[house.live.server(2) + abi.LIVE_SV_SERVED] = 3;
    expect(run(balancer, 1)).toBe('3');
  });

  it('first: the lowest id with a slot free', () => {
    const { house, balancer } = backend([1, 1], 'first', (h) => {
      (h.servers[0] as Server).maxconn = 1;
    });
    expect(run(balancer, 2)).toBe('11');
    takeSlot(balancer.group, house.servers[0] as Server);
    expect(run(balancer, 2)).toBe('22');
  });

  it('random: every server is used, a full one is not', () => {
    const { house, balancer } = backend([1, 1, 1], 'random', (h) => {
      (h.servers[0] as Server).maxconn = 1;
    });
    takeSlot(balancer.group, house.servers[0] as Server);
    expect([...new Set(run(balancer, 200))].sort().join('')).toBe('23');
  });

  it('uri: one server for one path, whatever the query; hash-compatible with HAProxy (sdbm)', () => {
    const { house, balancer } = backend([1, 1, 1], 'uri');
    const at = (target: string): string => {
      const stream = { request: { target } } as never;
      return balancer.next(stream, undefined)?.name ?? '-';
    };
    expect(at('/a?x=1')).toBe(at('/a?x=2'));
    expect(new Set(['/a', '/b', '/c', '/d', '/e'].map(at)).size).toBe(3);
    expect(house.servers.length).toBe(3);
  });
});

describe('hash-type consistent', () => {
  function places(weights: number[], down: number): string[] {
    const { balancer, set } = backend(weights, 'uri', (house) => {
      house.proxies[0]?.settings.set('hash-type', ['consistent']);
    });
    if (down >= 0) set(down, abi.LIVE_SV_STATE, 0);
    return Array.from({ length: 2000 }, (_, i) => {
      const stream = { request: { target: `/page-${i}` } } as never;
      return balancer.next(stream, undefined)?.name ?? '-';
    });
  }

  it('moves only the keys of the server that goes', () => {
    const before = places([1, 1, 1, 1], -1);
    const after = places([1, 1, 1, 1], 2);
    for (const [i, name] of before.entries()) if (name !== 's3') expect(after[i]).toBe(name);
    expect(after).not.toContain('s3');
  });

  it('hash-balance-factor sends on what would be more than the share of a server', () => {
    const { house, balancer } = backend([1, 1], 'uri', (it) => {
      it.proxies[0]?.settings.set('hash-type', ['consistent']);
      it.proxies[0]?.settings.set('hash-balance-factor', ['150']);
    });
    const stream = { request: { target: '/one' } } as never;
    const chosen = Array.from({ length: 8 }, () => {
      const server = balancer.next(stream, undefined) as Server;
      takeSlot(balancer.group, server);
      return server.index;
    });
    const most = Math.max(...[0, 1].map((index) => chosen.filter((it) => it === index).length));
    expect(most).toBeLessThanOrEqual(6);
    expect(house.live.words[house.live.server(chosen[0] as number) + abi.LIVE_SV_SERVED]).toBe(most);
  });

  it('gives shares by weight', () => {
    const heavy = places([30, 10], -1).filter((name) => name === 's1').length;
    expect(heavy / 2000).toBeGreaterThan(0.68);
    expect(heavy / 2000).toBeLessThan(0.82);
  });
});

describe('slots', () => {
  it('never more than maxconn over any interleaving of two threads (property against a model)', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.constantFrom('take', 'give'), { maxLength: 60 }),
        (maxconn, steps) => {
          const { house, balancer } = backend([1], 'roundrobin', (h) => {
            (h.servers[0] as Server).maxconn = maxconn;
          });
          const served = house.live.server(0) + abi.LIVE_SV_SERVED;
          let model = 0;
          for (const step of steps) {
            if (step === 'take') {
              const got = takeSlot(balancer.group, house.servers[0] as Server);
              expect(got).toBe(model < maxconn);
              if (got) model++;
            } else if (model > 0) {
              Atomics.sub(house.live.words, served, 1);
              model--;
            }
            expect(house.live.words[served]).toBe(model);
          }
        },
      ),
    );
  });

  it('are not taken past those who queue', () => {
    const { house, balancer } = backend([1], 'roundrobin', (h) => {
      (h.servers[0] as Server).maxconn = 5;
    });
    house.live.words[house.live.server(0) + abi.LIVE_SV_QUEUED] = 1;
    expect(takeSlot(balancer.group, house.servers[0] as Server)).toBe(false);
  });

  it('grow from minconn to maxconn with the load of the backend', () => {
    const { house, proxy, balancer } = backend([1], 'roundrobin', (h) => {
      (h.servers[0] as Server).maxconn = 100;
    });
    house.live.words[house.live.server(0) + abi.LIVE_SV_MINCONN] = 10;
    house.live.words[house.live.proxy(proxy.index) + abi.LIVE_PX_FULLCONN] = 1000;
    const load = house.live.proxy(proxy.index) + abi.LIVE_PX_BECONN;
    const server = house.servers[0] as Server;
    for (const [connections, limit] of [
      [0, 10],
      [500, 50],
      [1000, 100],
      [2000, 100],
    ] as const) {
      house.live.words[load] = connections;
      expect(balancer.group.dynamicMaxconn(server)).toBe(limit);
    }
  });
});
