/** Reports read back, and files and directories told apart. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { makeCore, makeRecord } from '../../test/tool/made-core.ts';
import type { Examination } from './examine.ts';
import { renderExamination } from './render.ts';
import { examineReport, isReport } from './report-file.ts';
import { examine, filesOf, withoutTwins } from './subjects.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-report-'));
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(text: string, name = 'sluice-crash.7.1700000000.txt'): string {
  const path = join(folder, name);
  writeFileSync(path, text, 'latin1');
  return path;
}

function good(found: Examination | string): Examination {
  if (typeof found === 'string') throw new Error(found);
  return found;
}

const WHO =
  '"POST /webhook/stripe HTTP/1.1", frontend fe, backend thing-two, server web3, encoder gzip/fast after 1,048,576 B in';
const REPORT = `SIGSEGV in slz_encode, writing 1 byte past the output of stream 4: ${WHO}

report: 1
pid: 7
generation: 3
version: 0.1.0
node: v20.20.2
configuration: /etc/sluice
cause: 1
signal: 11
code: 2
address: 0x6000
thread: 1
tid: 77
time-ms: 1700000005000
uptime-ms: 5000

[stack]
0x7f0000000010 /usr/src/sluice/build/Release/sluice.node+0x10
0x000000000001 javascript or nowhere

[threads]
thread: 0
  tid: 7
  at: rest
  turns: 3
  command: 0
  call: 0
thread: 1
  tid: 77
  at: engine
  turns: 9
  command: 2
  call: 1

[streams]
  1/9 state 5 client 10.0.0.2:2222 age-ms 12 in 100 out 0 host "b" "GET / HTTP/1.1", frontend fe
* 1/4 state 8 client 10.0.0.1:1111 age-ms 3500 in 136 out 65665 host "example.org" ${WHO}
live: 2

[events]
0 -9ms accept stream -1 1 0 25
1 -5ms request stream 4 2 137 4
1 0ms encode stream 4 65536 870 257

[modules]
0x7f0000000000 /usr/src/sluice/build/Release/sluice.node 00

[limits]
Max core file size        0                    0                    bytes

[maps]

[end]
written-us: 900
`;

describe('a report', () => {
  const one = good(examineReport(fileOf(REPORT)));

  test('says who did it, and when', () => {
    expect(one.verdict).toBe(REPORT.split('\n')[0]);
    expect(one).toMatchObject({ kind: 'report', pid: 7, generation: 3, config: '/etc/sluice', text: '' });
    expect([one.startedMs, one.diedMs]).toEqual([1_700_000_000_000, 1_700_000_005_000]);
    expect(one.culprit).toMatchObject({ thread: 1, call: 'slz_encode' });
    expect(one.culprit?.stream).toMatchObject({
      ...{ id: 4, request: 'POST /webhook/stripe HTTP/1.1', host: 'example.org', client: '10.0.0.1:1111' },
      ...{ frontend: 'fe', backend: 'thing-two', server: 'web3', encoder: 'gzip/fast', encoderIn: 1_048_576 },
    });
    expect(one.warnings).toEqual([]);
  });

  test('has streams, oldest first, events of the thread that died, and a stack', () => {
    expect(one.streams.map(({ id, backend, state }) => [id, backend, state])).toEqual([
      [4, 'thing-two', 'body'],
      [9, '', 'send'],
    ]);
    expect(one.events.map(({ ms, kind, stream }) => [ms, kind, stream])).toEqual([
      [-5, 'request', 4],
      [0, 'encode', 4],
    ]);
    expect(one.stack).toHaveLength(2);
    expect(renderExamination(one)).toContain('live streams (2, oldest first)');
  });

  test('that is cut says what it lacks', () => {
    const cut = good(examineReport(fileOf(REPORT.slice(0, REPORT.indexOf('[events]')), 'cut.txt')));
    expect(cut.warnings).toEqual([
      'the report is cut: it has no events, no modules, no limits, no maps, no end (disk full, or the process died while it wrote)',
    ]);
  });

  test('of another version is refused in a sentence', () => {
    const path = fileOf(REPORT.replace('report: 1', 'report: 9'), 'nine.txt');
    expect(examineReport(path)).toBe(`${path}: its version is 9, this program reads 1`);
  });

  test('a request line that looks like the rest of the line is taken for what it is', () => {
    const line = '"GET /a\\x22", frontend evil HTTP/1.1"';
    const path = fileOf(
      REPORT.replace('"POST /webhook/stripe HTTP/1.1"', line).replace(`* 1/4`, '* 1/4'),
      'evil.txt',
    );
    expect(good(examineReport(path)).verdict).toContain('evil');
  });

  test('with any bytes at any place: a sentence or a page, never an exception', () => {
    const place = fc.record({ at: fc.nat(REPORT.length - 1), byte: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(place, { minLength: 1, maxLength: 40 }), (changes) => {
        const bytes = Buffer.from(REPORT, 'latin1');
        for (const { at, byte } of changes) bytes[at] = byte;
        const path = fileOf(bytes.toString('latin1'), 'any.txt');
        const found = isReport(path) ? examineReport(path) : '';
        expect(typeof found === 'string' ? 'sentence' : renderExamination(found)).not.toBe('');
        expect(typeof found === 'string' ? '' : renderExamination(found)).not.toMatch(/[^\n\x20-\x7e]/);
      }),
      { numRuns: 200 },
    );
  });
});

describe('a word of the command line', () => {
  test('a directory is all cores and reports in it, whatever their names', () => {
    const directory = join(folder, 'cores');
    mkdirSync(directory);
    writeFileSync(join(directory, 'one.txt'), REPORT);
    writeFileSync(join(directory, 'notes.txt'), 'report of last week\n');
    writeFileSync(
      join(directory, 'core.8'),
      makeCore({ segments: [{ address: 4096, bytes: makeRecord({}) }] }),
    );
    expect([...filesOf(directory)].sort()).toEqual([join(directory, 'core.8'), join(directory, 'one.txt')]);
  });

  test('a directory without any, a file that is not there, a device', () => {
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    expect(filesOf(empty)).toBe(`${empty} holds neither a core nor a report of Sluice's`);
    expect(filesOf('/nowhere/core')).toBe('there is no file /nowhere/core');
    expect(filesOf('/dev/zero')).toBe('/dev/zero is neither a file nor a directory');
  });

  test('a number is a process', () => {
    expect(filesOf('4000000')).toEqual(['4000000']);
    expect(examine('4000000')).toBe('there is no process 4000000');
  });

  test('the core and the report of one death are one death', () => {
    const report = good(examineReport(fileOf(REPORT)));
    const core: Examination = { ...report, kind: 'core', subject: 'core' };
    const later: Examination = { ...report, pid: 8, diedMs: report.diedMs + 1 };
    expect(withoutTwins([later, core, report]).map(({ kind, pid }) => [kind, pid])).toEqual([
      ['core', 7],
      ['report', 8],
    ]);
    expect(withoutTwins([report, core])).toEqual([core]);
  });
});
