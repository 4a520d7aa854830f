/** A runtime API without sockets and without a process: two servers, one listener, and whoever asks. */
import { type Control, type Level, newClient } from '../../src/cli/command.ts';
import { CliSession } from '../../src/cli/session.ts';
import { createCounterMemory } from '../../src/model/counter-slices.ts';
import { parseConfiguration } from '../../src/section/configuration.ts';
import { makeSources } from '../../src/section/sources.ts';
import { newChanges } from '../../src/stats/changes.ts';
import { newHistory, newRates, type ProcessFacts } from '../../src/stats/source.ts';
import { CheckHouse } from './check-house.ts';

export const TEXT = `defaults
  timeout connect 1s
  timeout client 1s
  timeout server 1s
frontend fe
  bind 127.0.0.1:1
  default_backend be
backend be
  server s1 127.0.0.1:1 weight 10 check
  server s2 127.0.0.1:2 maxconn 5
`;

const FACTS: ProcessFacts = {
  threads: 2,
  startedMs: Date.now(),
  bootMs: () => 1,
  maxconn: 100,
  maxsock: 200,
  ulimitN: 200,
  shownHost: 'here',
  description: '',
  version: '9.9',
  releaseDate: '2026/01/01',
  poolUsage: () => ({ usedBytes: 0, maxBytes: 1 }),
  droppedLogs: () => 0,
  splicedBytes: () => 0,
  connectionsMoved: () => ({ in: 0, out: 0, refused: 0 }),
  refusedBuffers: () => 0,
  streams: () => 0,
  warnings: () => 0,
  listeners: () => 1,
  idlePercent: () => 100,
};

export interface CliBench {
  readonly control: Control;
  readonly house: CheckHouse;
  ask(text: string, level?: Level): string;
}

export function cliBench(text = TEXT): CliBench {
  const sources = makeSources([{ name: 't.cfg', text }], { localPeer: 'p', maxconn: 0, proxyMaxconn: 0 }, {});
  const { configuration } = parseConfiguration(sources);
  const house = new CheckHouse(configuration);
  const layout = { proxies: 2, servers: 2, listeners: 1, threads: 2 };
  const control: Control = {
    source: {
      configuration,
      live: house.live,
      counters: createCounterMemory(layout),
      layout,
      states: house.states,
      rates: newRates(),
      history: newHistory(),
      changed: newChanges(),
      nowMs: () => 1000,
      facts: FACTS,
    },
    sockets: [{ source: 'unix@/s', level: 'admin' }],
    version: '9.9',
    environment: () => [['HOME', '/root']],
    startupLog: () => 'said\n',
    setMaxconn: (maxconn) => maxconn <= 100,
    setAddress: (server, address) => {
      server.resolved = address;
    },
    anonKey: 0,
    changeFrontend: () => Promise.resolve(''),
    changePatterns: (list, change) => Promise.resolve(list.apply(change)),
    streams: {
      threads: 1,
      list: () => Promise.resolve({ streams: [], next: -1 }),
      shut: () => Promise.resolve(0),
    },
    log() {},
    giveSockets() {},
    giveClients() {},
    exit() {},
    panic() {},
  };
  return {
    control,
    house,
    ask(text, level = 'admin') {
      const session = newSession(control, level);
      return [...session.take(`${text}\n`), ...session.end()].join('');
    },
  };
}

export function newSession(control: Control, level: Level): CliSession {
  return new CliSession(control, newClient(level, 1000));
}
