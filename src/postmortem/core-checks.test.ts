/** The findings about core files, each from facts made up for it. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
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
    const relative = judgeCore({
      ...fine,
      pattern: 'core.%p',
      directory: '/',
      directoryFault: 'may not be written',
    });
    expect(relative.find((one) => one.rank === 'bad')?.fix).toContain(
      'chown 999 /var/lib/sluice/cores\nsluice -C /var',
    );
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
    expect(findings({ ptraceScope: 3, mayTrace: true })).toHaveLength(1);
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

describe('facts of a process, from a stand-in for /proc', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-proc-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  let count = 0;

  interface Made {
    readonly pattern?: string;
    readonly limit?: string;
    readonly uid?: number;
    readonly lines?: string;
    readonly cwd?: string;
  }

  function factsOf({
    pattern = 'core',
    limit = 'unlimited unlimited',
    uid = 999,
    lines = '',
    cwd = folder,
  }: Made): CoreFacts {
    const proc = join(folder, `proc-${count++}`);
    mkdirSync(join(proc, '7'), { recursive: true });
    mkdirSync(join(proc, 'sys/kernel/yama'), { recursive: true });
    const status = `Name:\tnode\nUid:\t0\t${uid}\t0\t0\nGid:\t0\t998\t0\t0\nGroups:\t5 6\n${lines}`;
    writeFileSync(join(proc, '7/status'), status);
    writeFileSync(join(proc, '7/limits'), `Limit\nMax core file size        ${limit}    bytes\n`);
    writeFileSync(join(proc, 'sys/kernel/core_pattern'), `${pattern}\n`);
    writeFileSync(join(proc, 'sys/kernel/yama/ptrace_scope'), '1\n');
    symlinkSync(cwd, join(proc, '7/cwd'));
    return readCoreFacts(7, proc);
  }

  test('limits', () => {
    expect(factsOf({ limit: '0 0' })).toMatchObject({ softLimit: 0, hardLimit: 0 });
    expect(factsOf({ limit: '0                    unlimited' }).hardLimit).toBe(Number.POSITIVE_INFINITY);
  });

  test('a pipe, with and without its program', () => {
    expect(factsOf({ pattern: `|${process.execPath} %P` })).toMatchObject({
      hasProgram: true,
      directory: '',
    });
    expect(factsOf({ pattern: '|/nowhere/collect %P' }).hasProgram).toBe(false);
  });

  test('a directory of its own, of its group, of somebody else, that is absent', () => {
    const place = join(folder, 'cores');
    mkdirSync(place);
    const own = statSync(place);
    const faultWith = (mode: number, uid: number): string => {
      chmodSync(place, mode);
      return factsOf({ cwd: place, uid }).directoryFault;
    };
    expect(faultWith(0o700, own.uid)).toBe('');
    expect(faultWith(0o755, own.uid + 1)).toBe('may not be written');
    expect(faultWith(0o777, own.uid + 1)).toBe('');
    expect(factsOf({ pattern: '/nowhere/core.%p' })).toMatchObject({
      directory: '/nowhere',
      directoryFault: 'does not exist',
    });
    expect(factsOf({ cwd: place }).freeBytes).toBeGreaterThan(0);
  });

  test('a changed user: its files in /proc belong to somebody else', () => {
    const mine = statSync(folder).uid;
    expect(factsOf({ uid: mine + 1 }).isDumpable).toBe(false);
    expect(factsOf({ uid: mine }).isDumpable).toBe(true);
  });

  test('a filter of system calls, and the right to trace', () => {
    const facts = factsOf({ lines: 'Seccomp:\t2\nCapEff:\t0000000000080000\n' });
    expect(facts).toMatchObject({ isFiltered: true, mayTrace: true, ptraceScope: 1 });
    expect(factsOf({ lines: 'Seccomp:\t0\nCapEff:\t0\n' })).toMatchObject({
      isFiltered: false,
      mayTrace: false,
    });
  });
});

test('the facts of this very process are read', () => {
  const facts = readCoreFacts();
  expect(facts.pid).toBe(process.pid);
  expect(facts.filter).toBeGreaterThan(0);
  expect(facts.softLimit).toBeGreaterThanOrEqual(0);
});
