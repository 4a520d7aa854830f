/** The findings about core files, each from facts made up for it. */
import { describe, expect, test } from 'vitest';
import { renderFinding, renderSummary } from './check-coredump.ts';
import { judgeCore } from './core-checks.ts';
import { type CoreFacts, coreDirectory, readCoreFacts } from './core-facts.ts';

const fine: CoreFacts = {
  pid: 7,
  uid: 999,
  softLimit: Number.POSITIVE_INFINITY,
  hardLimit: Number.POSITIVE_INFINITY,
  pattern: '/cores/core.%p',
  addsPid: false,
  directory: '/cores',
  directoryFault: '',
  freeBytes: 1 << 30,
  hasProgram: false,
  isContained: false,
  isDumpable: true,
  filter: 0x33,
  ptraceScope: 0,
  isFiltered: false,
  mayTrace: false,
};

function findings(change: Partial<CoreFacts>): string[] {
  return judgeCore({ ...fine, ...change })
    .filter((one) => one.rank !== 'good')
    .map((one) => `${one.rank} ${one.subject}: ${one.text}`);
}

describe('what stands between a crash and its core', () => {
  test('nothing', () => {
    expect(findings({})).toEqual([]);
    expect(renderSummary(judgeCore(fine))).toBe('A crash would leave a core.\n');
  });

  test('a limit of 0 that may not be raised; one that may be raised is no obstacle', () => {
    expect(findings({ softLimit: 0, hardLimit: 0 })).toEqual([
      'bad core limit: is 0 and may not be raised: no core is written',
    ]);
    expect(findings({ softLimit: 0 })).toEqual([]);
    expect(findings({ softLimit: 4096, hardLimit: 4096 })).toEqual([
      'weak core limit: cores are cut at 4096 bytes',
    ]);
  });

  test('a pipe to a program that is not there, or outside of the container', () => {
    const pattern = '|/usr/share/apport/apport %p %s';
    expect(findings({ pattern, directory: '' })).toEqual([
      `bad core pattern: '${pattern}': the program of the pipe is not there`,
    ]);
    expect(findings({ pattern, directory: '', hasProgram: true })).toEqual([]);
    expect(findings({ pattern, directory: '', hasProgram: true, isContained: true })).toEqual([
      `bad core pattern: '${pattern}': the program of the pipe runs outside of this container, where the core stays, if the program is there`,
    ]);
  });

  test('a pattern by which cores replace each other', () => {
    expect(findings({ pattern: 'core' })).toEqual([
      "weak core pattern: 'core' in the working directory: without the PID in it a second core replaces the first",
    ]);
    expect(findings({ pattern: 'core', addsPid: true })).toEqual([]);
  });

  test('a directory that is absent, or not to be written, or full', () => {
    expect(findings({ directoryFault: 'does not exist' })).toEqual(['bad directory: /cores does not exist']);
    expect(findings({ freeBytes: 5 << 20 })).toEqual([
      'weak room: 5 MB are free: a core may be cut (a quiet process leaves 20 MB, a busy one hundreds)',
    ]);
  });

  test('a changed user, a filter, a process that may not be traced', () => {
    expect(findings({ isDumpable: false })[0]).toMatch(/^bad dumpable: the kernel writes no core/);
    expect(findings({ filter: 0x1 })).toEqual([
      'weak contents: coredump_filter is 0x1: the flight recorder would not be in the core',
    ]);
    expect(findings({ ptraceScope: 1 })).toHaveLength(1);
    expect(findings({ ptraceScope: 1, mayTrace: true })).toEqual([]);
  });
});

test('each finding shows what to do below it', () => {
  const [first] = judgeCore({ ...fine, softLimit: 0, hardLimit: 0 });
  const text = first === undefined ? '' : renderFinding(first);
  expect(text.split('\n')[0]).toBe('BAD   core limit    is 0 and may not be raised: no core is written');
  expect(text).toContain('docker run --ulimit core=-1');
});

test('a relative pattern is below the working directory, a pipe has none', () => {
  expect(coreDirectory('core', '/srv')).toBe('/srv');
  expect(coreDirectory('cores/core.%p', '/srv')).toBe('/srv/cores');
  expect(coreDirectory('/var/core.%p', '/srv')).toBe('/var');
  expect(coreDirectory('|/bin/x', '/srv')).toBe('');
});

test('the facts of this very process are read', () => {
  const facts = readCoreFacts();
  expect(facts.pid).toBe(process.pid);
  expect(facts.filter).toBeGreaterThan(0);
  expect(facts.softLimit).toBeGreaterThanOrEqual(0);
});
