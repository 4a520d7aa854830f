/** The runtime API without sockets: the conversation, levels, commands and their errors, byte for byte. */
import { describe, expect, it } from 'vitest';
import { CheckHouse } from '../../test/tool/check-house.ts';
import { createCounterMemory } from '../model/counter-slices.ts';
import { COUNT_RATE_MAX, COUNT_STOT } from '../model/counters.ts';
import { parseConfiguration } from '../section/configuration.ts';
import { makeSources } from '../section/sources.ts';
import { newRates } from '../stats/source.ts';
import type { Control, Level } from './command.ts';
import { cliCommands, sessionCommands } from './commands.ts';
import { CliSession, LINE_MAX_BYTES, splitCommands, splitWords } from './session.ts';

const TEXT = `defaults
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

interface Bench {
  readonly control: Control;
  readonly house: CheckHouse;
  ask(text: string, level?: Level): string;
}

function bench(): Bench {
  const sources = makeSources(
    [{ name: 't.cfg', text: TEXT }],
    { localPeer: 'p', maxconn: 0, proxyMaxconn: 0 },
    {},
  );
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
      nowMs: () => 1000,
      facts: {
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
        refusedBuffers: () => 0,
        streams: () => 0,
        warnings: () => 0,
        listeners: () => 1,
        idlePercent: () => 100,
      },
    },
    sockets: [{ source: 'unix@/s', level: 'admin' }],
    version: '9.9',
    environment: () => [['HOME', '/root']],
    startupLog: () => 'said\n',
    setMaxconn: (maxconn) => maxconn <= 100,
    setAddress: (server, address) => {
      server.resolved = address;
    },
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

function newSession(control: Control, level: Level): CliSession {
  return new CliSession(control, {
    level,
    isInteractive: false,
    hasPrompt: false,
    isClosing: false,
    isExpert: false,
    timeoutMs: 1000,
  });
}

describe('the conversation', () => {
  it('answers each command of a line, with an empty line behind each, and is over after the line', () => {
    const { control } = bench();
    const session = newSession(control, 'admin');
    expect([...session.take('show version; show cli level\nshow version\n')].join('')).toBe(
      '9.9\n\nadmin\n\n',
    );
    expect(session.client.isClosing).toBe(true);
  });

  it('takes lines in pieces, and a last line without its end', () => {
    const { control } = bench();
    const session = newSession(control, 'user');
    expect([...session.take('show ver')].join('')).toBe('');
    expect([...session.take('sion')].join('')).toBe('');
    expect([...session.end()].join('')).toBe('9.9\n\n');
  });

  it('goes on in interactive mode, and shows a prompt', () => {
    const { control } = bench();
    const session = newSession(control, 'admin');
    expect([...session.take('prompt\n')].join('')).toBe('\n> ');
    expect([...session.take('show version\r\n')].join('')).toBe('9.9\n\n> ');
    expect([...session.take('\n')].join('')).toBe('\n> ');
    expect([...session.take('quit\nshow version\n')].join('')).toBe('');
    expect(session.client.isClosing).toBe(true);
  });

  it('refuses a line that is too long', () => {
    const session = newSession(bench().control, 'admin');
    expect([...session.take('x'.repeat(LINE_MAX_BYTES + 1))].join('')).toContain('too long');
    expect(session.client.isClosing).toBe(true);
  });

  it('keeps what a backslash keeps', () => {
    expect(splitCommands('a b\\;c;d')).toEqual(['a b\\;c', 'd']);
    expect(splitWords('a\\ b  c\\;d ')).toEqual(['a b', 'c;d']);
  });
});

describe('levels', () => {
  it('a user may look, an operator a little more, an admin everything; rights can only be given away', () => {
    const { ask } = bench();
    expect(ask('set weight be/s1 5', 'user')).toBe('Permission denied\n\n');
    expect(ask('set weight be/s1 5', 'operator')).toBe('Permission denied\n\n');
    expect(ask('set weight be/s1 5', 'admin')).toBe('\n');
    expect(ask('operator; show cli level; set weight be/s1 1')).toBe('\noperator\n\nPermission denied\n\n');
    expect(ask('user; operator', 'admin')).toBe('\nPermission denied\n\n');
  });
});

describe('commands on servers', () => {
  it.each([
    ['get weight be/s1', '10 (initial 10)\n\n'],
    ['get weight', "Require 'backend/server'.\n\n"],
    ['get weight x', "Require 'backend/server'.\n\n"],
    ['get weight nope/s1', 'No such backend.\n\n'],
    ['get weight be/nope', 'No such server.\n\n'],
    ['set weight be/s1 300', 'Absolute weight can only be between 0 and 256 inclusive.\n\n'],
    ['set weight be/s1 abc', 'Empty weight string empty or preceded by garbage\n\n'],
    ['set weight be/s1 5x', 'Trailing garbage in weight string\n\n'],
    ['set weight be/s1', 'Require <weight> or <weight%>.\n\n'],
    ['set server be/s1 state x', "'set server <srv> state' expects 'ready', 'drain' and 'maint'.\n\n"],
    ['set server be/s1 health x', "'set server <srv> health' expects 'up', 'stopping', or 'down'.\n\n"],
    ['set maxconn server be/s2 x', 'Integer value expected.\n\n'],
    ['show servers state nope', "Can't find backend.\n\n"],
    ['show backend', '# name\nbe\n\n'],
    ['disable health be/s2', 'Health checks are not configured on this server.\n\n'],
    ['set maxconn global 101', 'Value out of range.\n\n'],
    ['set maxconn frontend nope 5', 'No such frontend.\n\n'],
    ['set server be/s1 addr foo', "Invalid addr 'foo'\n\n"],
    ['set server be/s1 addr 127.0.0.1 port 1', 'nothing changed\n\n'],
    [
      'set server be/s1 addr 127.0.0.2 port 81',
      "IP changed from '127.0.0.1' to '127.0.0.2', port changed from '1' to '81' by 'stats socket command'\n\n",
    ],
    ['set server be/s1 addr 127.0.0.1 port x', "problem converting port 'x' to an int\n\n"],
    ['set server be/s2 check-port 9', 'health checks are not enabled on this server\n\n'],
    ['set server be/s1 check-port x', 'provided port is not an integer\n\n'],
    ['clear counters server be/s1', 'Server counters cleared.\n\n'],
    ['clear counters server be/nope', 'No such server.\n\n'],
    ['show env HOME', '/root\n\n'],
    ['show env NOPE', 'Variable not found\n\n'],
    ['show startup-logs', 'said\n\n'],
    ['echo a  b', 'a b\n\n'],
    ['', '\n'],
  ])('%j answers %j', (text, answer) => {
    expect(bench().ask(text)).toBe(answer);
  });

  it('change what data threads read', () => {
    const { ask, house } = bench();
    ask('set weight be/s1 50%');
    expect(ask('get weight be/s1')).toBe('5 (initial 10)\n\n');
    ask('disable server be/s2');
    expect(ask('show stat be 4 2')).toContain(',MAINT,');
    ask('enable server #3/#2');
    expect(house.states.records[1]?.admin).toBe('ready');
  });
});

describe('unknown commands', () => {
  it('are answered with the nearest ones, then those of the connection', () => {
    const { ask } = bench();
    const answer = ask('show nope');
    expect(answer).toMatch(
      /^Unknown command: 'show', but maybe one of the following ones is a better match:\n/,
    );
    expect(answer).toContain('  show version                            : show version');
    expect(answer).not.toContain('set weight');
    expect(answer).toMatch(/ {2}quit {36}: disconnect\n\n$/);
  });

  it('help lists what the level may use', () => {
    const { ask } = bench();
    expect(ask('help', 'user')).not.toContain('set weight');
    expect(ask('help', 'admin')).toContain('set weight');
    expect(ask('help show servers')).toMatch(
      /^The following commands are valid at this level:\n {2}show servers conn/,
    );
  });
});

describe('clear counters', () => {
  it('clears maximums; with `all` everything', () => {
    const { ask, control } = bench();
    const words = new Float64Array(control.source.counters);
    words[COUNT_STOT] = 7;
    words[COUNT_RATE_MAX] = 9;
    ask('clear counters');
    expect([words[COUNT_STOT], words[COUNT_RATE_MAX]]).toEqual([7, 0]);
    ask('clear counters all');
    expect(words[COUNT_STOT]).toBe(0);
  });
});

it('every command has help, a level and words of its own', () => {
  const all = [...cliCommands, ...sessionCommands];
  expect(new Set(all.map((one) => one.words)).size).toBe(all.length);
  for (const one of all) {
    expect(one.help).toMatch(/^[\x20-\x7e]+$/);
    expect(['user', 'operator', 'admin']).toContain(one.level);
  }
});
