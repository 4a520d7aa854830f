/** State over reloads: what one worker writes another one has; what the configuration changed meanwhile wins; hostile entries do nothing.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CliBench, cliBench, TEXT } from '../../test/tool/cli-bench.ts';
import { COUNT_STOT } from '../model/counters.ts';
import { ENTRIES_MAX, readEntry, type StateEntry, StateStore, VALUE_MAX_CHARS } from './entries.ts';
import type { StateDoor } from './section.ts';
import { applyState, exportState } from './state.ts';
import { StateWatch } from './watch.ts';

function doorOf({ control }: CliBench, asked: string[] = []): StateDoor {
  return {
    moveServer: (server, address) => control.setAddress(server, address),
    changeFrontend: (proxy, request) => asked.push(`${request} ${proxy.name}`),
    setMaxconn: (maxconn) => control.setMaxconn(maxconn),
  };
}

/** A worker in which <commands> were given, and the one after it with <text>. */
function reload(commands: string, text = TEXT): { before: CliBench; after: CliBench; asked: string[] } {
  const before = cliBench();
  before.ask(commands);
  const after = cliBench(text);
  const asked: string[] = [];
  applyState(after.control.source, doorOf(after, asked), sent(exportState(before.control.source)));
  return { before, after, asked };
}

/** As entries travel. */
function sent(entries: Iterable<StateEntry>): unknown[] {
  return [...entries].map((entry) => JSON.parse(JSON.stringify(entry)));
}

describe('a reload keeps', () => {
  it.each([
    ['set weight be/s1 3', 'get weight be/s1', '3 (initial 10)\n\n'],
    ['set server be/s1 state maint', 'show servers state be', / s1 127\.0\.0\.1 0 1 10 10 /],
    ['set server be/s1 state drain', 'show servers state be', / s1 127\.0\.0\.1 2 8 10 10 /],
    ['set server be/s2 health down', 'show servers state be', / s2 127\.0\.0\.1 0 0 1 1 /],
    ['set server be/s1 addr 127.0.0.9 port 99', 'show servers state be', / s1 127\.0\.0\.9 .* 99 - /],
    ['set maxconn server be/s2 7', 'show stat be 4 2', /^be,s2,0,0,0,0,7,/m],
    ['set maxconn frontend fe 9', 'show stat fe 1 -1', /^fe,FRONTEND,,,0,0,9,/m],
    ['set compression algo be store', 'show compression algo be', '# proxy algo by\nbe store command\n\n'],
    ['disable health be/s1', 'show servers state be', / s1 127\.0\.0\.1 2 0 10 10 \d+ \d+ \d \d 2 /],
  ])('%s', (command, question, answer) => {
    const { after } = reload(command);
    if (typeof answer === 'string') expect(after.ask(question)).toBe(answer);
    else expect(after.ask(question)).toMatch(answer);
  });

  it('frontends that were paused, with whoever holds their sockets', () => {
    const before = cliBench();
    const [frontend] = before.control.source.configuration.proxies;
    before.control.source.changed.frontends.set(frontend?.index ?? -1, 'paused');
    const after = cliBench();
    const asked: string[] = [];
    applyState(after.control.source, doorOf(after, asked), sent(exportState(before.control.source)));
    expect(asked).toEqual(['pause fe']);
  });

  it('what was kept before, over several reloads', () => {
    const first = cliBench();
    first.ask('set weight be/s1 3; set server be/s2 addr 127.0.0.8; set maxconn server be/s2 7');
    let state = sent(exportState(first.control.source));
    for (let turn = 0; turn < 3; turn++) {
      const next = cliBench();
      applyState(next.control.source, doorOf(next), state);
      state = sent(exportState(next.control.source));
    }
    expect(state).toEqual(sent(exportState(first.control.source)));
  });
});

describe('the configuration wins', () => {
  it.each([
    ['set weight be/s1 3', 'weight 10', 'weight 20', 'get weight be/s1', '20 (initial 20)\n\n'],
    [
      'set server be/s1 state maint',
      's1 127.0.0.1:1',
      's9 127.0.0.1:1',
      'show servers state be',
      / s9 127\.0\.0\.1 2 0 /,
    ],
    [
      'set server be/s1 addr 127.0.0.9',
      '127.0.0.1:1 w',
      '127.0.0.5:1 w',
      'show servers state be',
      / s1 127\.0\.0\.5 /,
    ],
    ['set maxconn server be/s2 7', 'maxconn 5', 'maxconn 6', 'show stat be 4 2', /^be,s2,0,0,0,0,,/m],
    [
      'enable server be/s1',
      'weight 10',
      'weight 10 disabled',
      'show servers state be',
      / s1 127\.0\.0\.1 0 5 /,
    ],
  ])('%s, %s becomes %s', (command, from, to, question, answer) => {
    expect(TEXT).toContain(from);
    const { after } = reload(command, TEXT.replace(from, to));
    if (typeof answer === 'string') expect(after.ask(question)).toBe(answer);
    else expect(after.ask(question)).toMatch(answer);
  });

  it('reload-state says what is kept', () => {
    const none = reload('set weight be/s1 3', `global\n  reload-state none\n${TEXT}`);
    expect(none.after.ask('get weight be/s1')).toBe('10 (initial 10)\n\n');
    const counting = `global\n  reload-state counters\n${TEXT}`;
    const before = cliBench(counting);
    new Float64Array(before.control.source.counters)[COUNT_STOT] = 41;
    const after = cliBench(counting);
    new Float64Array(after.control.source.counters)[COUNT_STOT] = 1;
    applyState(after.control.source, doorOf(after), sent(exportState(before.control.source)));
    expect(new Float64Array(after.control.source.counters)[COUNT_STOT]).toBe(42);
  });
});

describe('a watch', () => {
  it('tells what changed, and what is as configured again', () => {
    const bench = cliBench();
    const watch = new StateWatch(bench.control.source);
    const keys = () => watch.finish().map(({ key, value }) => [key, value === null]);
    expect(keys()).toEqual([
      ['be/s1', false],
      ['be/s2', false],
    ]);
    expect(keys()).toEqual([]);
    bench.ask('set weight be/s1 3; set compression algo be off');
    expect(keys()).toEqual([
      ['be/s1', false],
      ['backend be', false],
    ]);
    bench.ask('set compression algo be default');
    expect(keys()).toEqual([['backend be', true]]);
  });
});

describe('whoever keeps it', () => {
  it('keeps the last word on each key, forgets on null, and is bounded', () => {
    const store = new StateStore();
    const entry = { section: 's', version: 1, key: 'k', value: 1 };
    expect([store.take(entry), store.take({ ...entry, value: 2 }), store.size]).toEqual([true, true, 1]);
    expect([...store.all()]).toEqual([{ ...entry, value: 2 }]);
    expect([store.take({ ...entry, value: null }), store.size]).toEqual([true, 0]);
    store.take(entry);
    store.take({ ...entry, key: 'gone' });
    store.renew();
    store.take({ ...entry, value: 3 });
    expect(store.size).toBe(2);
    store.settle();
    expect([...store.all()]).toEqual([{ ...entry, value: 3 }]);
    for (const bad of [undefined, null, 7, 'x', [], {}, { ...entry, version: 0 }, { ...entry, key: 7 }]) {
      expect(store.take(bad)).toBe(false);
    }
    expect(readEntry({ ...entry, value: 'x'.repeat(VALUE_MAX_CHARS) })).toBeUndefined();
    expect(ENTRIES_MAX).toBeGreaterThan(100_000);
  });
});

describe('hostile entries', () => {
  it('of other versions and sections are skipped', () => {
    const { control, ask } = cliBench();
    const door = doorOf(cliBench());
    const value = { admin: 'maint', disabled: false };
    const entries = [
      { section: 'servers', version: 2, key: 'be/s1', value },
      { section: 'tables', version: 1, key: 'be/s1', value },
      { section: 'servers', version: 1, key: 'be/nobody', value },
    ];
    expect(applyState(control.source, door, entries)).toBe(0);
    expect(ask('show servers state be')).toMatch(/ s1 127\.0\.0\.1 2 0 /);
  });

  it('of any shape leave servers that make sense', () => {
    const value = fc.oneof(
      fc.anything(),
      fc.record({
        admin: fc.anything(),
        operation: fc.constantFrom('up', 'down', 'sideways'),
        health: fc.anything(),
        weight: fc.tuple(fc.constant(10), fc.anything()),
        address: fc.anything(),
        disabled: fc.constant(false),
      }),
    );
    const section = fc.constantFrom('servers', 'frontends', 'limits', 'compression', 'counters');
    const key = fc.constantFrom(
      'be/s1',
      'be/s2',
      'fe',
      'backend be',
      'maxconn',
      'compression-rate',
      '__proto__',
    );
    fc.assert(
      fc.property(section, key, value, (name, of, inner) => {
        const bench = cliBench(`global\n  reload-state all\n${TEXT}`);
        applyState(bench.control.source, doorOf(bench), [
          { section: name, version: 1, key: of, value: inner },
        ]);
        const { records } = bench.control.source.states;
        for (const record of records) {
          expect(['up', 'down', 'stopping']).toContain(record.operation);
          expect(record.weight).toBeGreaterThanOrEqual(0);
          expect(record.weight).toBeLessThanOrEqual(256);
        }
        expect(bench.ask('show servers state be')).toMatch(/^1\n# be_id/);
      }),
      { numRuns: 150 },
    );
  });
});
