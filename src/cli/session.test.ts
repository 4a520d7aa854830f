/** The runtime API without sockets: the conversation, levels, commands and their errors, byte for byte. */
import { describe, expect, it } from 'vitest';
import { cliBench as bench, newSession } from '../../test/tool/cli-bench.ts';
import { COUNT_RATE_MAX, COUNT_STOT } from '../model/counters.ts';
import * as abi from '../native/abi.ts';
import { cliCommands, sessionCommands } from './commands.ts';
import { LINE_MAX_BYTES } from './flow.ts';
import { splitCommands, splitWords } from './words.ts';

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
    expect([...session.take('x'.repeat(LINE_MAX_BYTES + 1))].join('')).toContain('too big');
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
    ['set maxconn server be/s2 x', 'maxconn string empty or preceded by garbage\n\n'],
    ['show servers state nope', "Can't find backend.\n\n"],
    ['show backend', '# name\nbe\n\n'],
    ['enable health be/s2', 'Health check was not configured on this server, cannot enable.\n\n'],
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
    ['show env HOME', 'HOME=/root\n\n'],
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
    const answer = ask('show versoin');
    expect(answer).toMatch(
      /^Unknown command: 'show', but maybe one of the following ones is a better match:\n/,
    );
    expect(answer).toContain('  show version                            : show version');
    expect(answer).not.toContain('set weight');
    expect(answer).toMatch(/ {2}quit {36}: disconnect\n\n$/);
  });

  it('help lists what there is, and what expert mode opens only in expert mode', () => {
    const { ask } = bench();
    expect(ask('help', 'user')).toContain('set weight');
    expect(ask('help')).not.toContain('debug dev');
    expect(ask('expert-mode on; help')).toContain('debug dev panic');
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
    const { live } = control.source;
    live.words[live.proxy(0) + abi.LIVE_PX_CONN_MAX] = 8;
    live.words[live.server(0) + abi.LIVE_SV_SERVED_MAX] = 8;
    ask('clear counters');
    expect(ask('show stat fe 1 -1')).toMatch(/^fe,FRONTEND,,,0,0,/m);
    expect(ask('show stat be 4 1')).toMatch(/^be,s1,0,0,0,0,/m);
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
