/** Server state files: what `show servers state` writes can be read again, HAProxy's own lines too, and damaged files are refused. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CliBench, cliBench, TEXT } from '../../test/tool/cli-bench.ts';
import { STATE_HEADER } from './server-line.ts';
import { applyGlobalFile, applyLocalFile, readStateFile } from './server-state-file.ts';

function apply(bench: CliBench, text: string, isLocal = false): string[] {
  const file = readStateFile(text);
  if (!('lines' in file)) return [`${file.fault}${'line' in file ? ` ${file.line}` : ''}`];
  const said: string[] = [];
  const { source } = bench.control;
  const warn = (line: string) => void said.push(line);
  for (const proxy of source.configuration.proxies) {
    if (!proxy.isBackend) continue;
    if (isLocal) applyLocalFile(source, proxy, file.lines, warn);
    else applyGlobalFile(source, proxy, file.lines, warn);
  }
  return said;
}

/** The listing without the empty line behind it. */
function listing(bench: CliBench): string {
  return bench.ask('show servers state').slice(0, -1);
}

/** Times go on, and the health of a server that is up is full again, or 0, by HAProxy's rules. */
const withoutTimes = (text: string) => text.replace(/^((?:\S+ ){9})\d+((?: \S+){2}) \d+/gm, '$1T$2 H');

describe('a file', () => {
  it.each([
    'set weight be/s1 3',
    'set server be/s1 state maint',
    'set server be/s1 state drain',
    'set server be/s2 health down',
    'disable health be/s1',
    'set server be/s1 check-port 77',
  ])('brings back %s', (command) => {
    const before = cliBench();
    before.ask(command);
    const after = cliBench();
    expect(apply(after, listing(before))).toEqual([]);
    expect(withoutTimes(listing(after))).toBe(withoutTimes(listing(before)));
  });

  it('of HAProxy is read', () => {
    const bench = cliBench();
    const rows =
      '3 be 1 s1 127.0.0.1 2 0 7 10 12 6 3 4 6 0 0 0 - 1 - 0 0 - - 0\n' +
      '3 be 2 s2 127.0.0.1 0 1 1 1 3 1 0 0 0 0 0 0 - 2 - 0 0 - - 0\n';
    expect(apply(bench, `1\n${STATE_HEADER}${rows}`)).toEqual([]);
    expect(bench.ask('get weight be/s1')).toBe('7 (initial 10)\n\n');
    expect(bench.ask('show stat be 4 2')).toContain(',MAINT,');
    expect(bench.ask('show servers state')).toMatch(/ s1 127\.0\.0\.1 2 0 7 10 1[23] /);
  });
});

describe('the configuration wins', () => {
  it('over a weight, and over maintenance that came or went', () => {
    const before = cliBench();
    before.ask('set weight be/s1 3; set server be/s2 state maint');
    const changed = TEXT.replace('weight 10', 'weight 20').replace('maxconn 5', 'maxconn 5 disabled');
    const after = cliBench(changed);
    after.ask('enable server be/s2');
    apply(after, listing(before));
    expect(after.ask('get weight be/s1')).toBe('20 (initial 20)\n\n');
    expect(after.ask('show stat be 4 2')).toContain(',MAINT,');
  });
});

describe('a damaged file', () => {
  const line = '3 be 1 s1 127.0.0.1 2 0 7 10 12 6 3 4 6 0 0 0 - 1 -';
  it.each([
    ['', 'empty'],
    ['2\n', 'version'],
    ['x\n', 'version'],
    [`1\n${line}`, 'corrupted 1'],
    [`1\n${line} more than there may be in one of them by far\n`, 'corrupted 1'],
    [`1\n3 be 1 s1\n`, 'corrupted 1'],
    [`1\n${line} ${'x'.repeat(2000)}\n`, 'corrupted 1'],
  ])('%j is %s', (text, fault) => {
    expect(apply(cliBench(), text)).toEqual([fault]);
  });

  it('names each value that makes no sense, and changes nothing', () => {
    const bench = cliBench();
    const before = listing(bench);
    const row = line.replace(' 2 0 7 10 12 ', ' 9 4096 700 x 12 ');
    expect(apply(bench, `1\n${row}\n`)).toEqual([
      "server-state application failed for server 'be/s1', invalid srv_op_state value '9', " +
        "invalid srv_admin_state value '4096', invalid srv_uweight value '700', invalid srv_iweight value 'x'",
    ]);
    expect(withoutTimes(listing(bench))).toBe(withoutTimes(before));
  });

  it('of any bytes does nothing worse', () => {
    const words = fc.array(fc.oneof(fc.integer(), fc.constantFrom('be', 's1', '-', '#'), fc.string()), {
      maxLength: 26,
    });
    const rows = fc.array(words, { maxLength: 5 });
    fc.assert(
      fc.property(rows, (all) => {
        const bench = cliBench();
        apply(bench, `1\n${all.map((row) => row.join(' ')).join('\n')}\n`);
        expect(bench.ask('show servers state')).toMatch(/^1\n# be_id/);
      }),
      { numRuns: 100 },
    );
  });
});

describe('a file of one backend', () => {
  it('names lines of other backends and servers that are gone', () => {
    const row = (backend: string, server: string) =>
      `${backend} 1 ${server} 127.0.0.1 2 0 7 10 12 6 3 4 6 0 0 0 - 1 -\n`;
    const text = `1\n${row('9 be', 's1')}${row('3 be', 'gone')}${row('3 other', 's2')}${row('8 third', 's1')}`;
    expect(apply(cliBench(), text, true)).toEqual([
      "Proxy 'be': backend ID mismatch: from server state file: '9', from running config '3'",
      "Proxy 'be': backend name mismatch: from server state file: 'other', from running config 'be'",
      "Proxy 'be': can't find server 'gone' in backend 'be'",
    ]);
  });
});
