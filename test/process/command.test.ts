// The command as launchers use it: what it prints where, and with which code it exits.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const program = join(import.meta.dirname, '..', '..', 'bin', 'sluice');
let folder = '';

function run(...words: string[]) {
  const { status, stdout, stderr } = spawnSync(program, words, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, TESTVAR: '1' },
    timeout: 60_000,
  });
  return { status, stdout, stderr };
}

const FILES: Readonly<Record<string, string>> = {
  'good.cfg': 'frontend f\n bind 127.0.0.1:1\n timeout client 1s\n',
  'warned.cfg': 'frontend f\n bind 127.0.0.1:1\n',
  'noticed.cfg': 'global\n ca-base /x\n',
  'bad.cfg': 'frontend f\n bnid :80\n',
  'worse.cfg': 'backend b\n server a\n',
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-command-'));
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('-v', () => {
  it('has the version as its third word', () => {
    const { status, stdout } = run('-v');
    expect(status).toBe(0);
    expect(stdout.split(' ').slice(0, 3).join(' ')).toMatch(/^HAProxy version 3\.5/);
  });
  it('and -vv names target and features', () => {
    const { status, stdout } = run('-vv');
    expect(status).toBe(0);
    expect(stdout).toContain('\n  TARGET  = linux-glibc\n');
    expect(stdout).toMatch(/\nFeature list : .*\+SLZ.*\+THREAD/);
  });
  it('alone is the answer to nothing at all, with the usage', () => {
    const { status, stdout, stderr } = run();
    expect([status, stdout.startsWith('HAProxy version'), stderr.startsWith('Usage :')]).toEqual([
      1,
      true,
      true,
    ]);
  });
});

describe('-cc', () => {
  it.each([
    ['1', 0],
    ['0', 1],
    ['', 1],
    ['200rrr', 2],
    ['streq("$TESTVAR",1)', 0],
    ["streq('$TESTVAR',1)", 1],
    ['streq(a,"a)', 2],
    ['version_atleast(v2.4) && !feature(OPENSSL)', 0],
  ])('%s exits %d', (condition, code) => expect(run('-cc', condition).status).toBe(code));
});

describe('-c', () => {
  it('says nothing about a good configuration, unless verbose', () => {
    expect(run('-c', '-f', 'good.cfg')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(run('-c', '-V', '-f', 'good.cfg')).toEqual({
      status: 0,
      stdout: 'Configuration file is valid\n',
      stderr: '',
    });
  });
  it('warns, and fails on warnings when asked to', () => {
    const { status, stdout, stderr } = run('-c', '-V', '-f', 'warned.cfg');
    expect([status, stdout]).toEqual([0, 'Warnings were found.\nConfiguration file is valid\n']);
    expect(stderr).toContain("missing timeouts for frontend 'f'");
    expect(run('-c', '-dW', '-f', 'warned.cfg').status).toBe(1);
  });
  it('lets notices pass with -dW', () => expect(run('-c', '-dW', '-f', 'noticed.cfg').status).toBe(0));
  it('reports all errors of all files', () => {
    const { status, stdout, stderr } = run('-c', '-f', 'bad.cfg', '-f', 'worse.cfg');
    expect([status, stdout]).toEqual([1, '']);
    for (const name of ['bad.cfg', 'worse.cfg']) {
      expect(stderr).toContain(`config : Error(s) found in configuration file : ${name}`);
    }
  });
  it('is quiet with -q', () =>
    expect(run('-c', '-q', '-f', 'bad.cfg')).toEqual({ status: 1, stdout: '', stderr: '' }));
  it('reads a directory, after -C and after --', () => {
    expect(run('-c', '-f', '.').status).toBe(1);
    expect(run('-c', '-C', folder, '--', 'good.cfg').status).toBe(0);
  });
  it('fails on a file that is not there', () => {
    const { status, stderr } = run('-c', '-f', 'none.cfg');
    expect(status).toBe(1);
    expect(stderr).toContain('Cannot open configuration file/directory none.cfg : No such file or directory');
  });
});

describe('a start', () => {
  it('on a bad configuration exits 1', () => expect(run('-f', 'bad.cfg').status).toBe(1));
  it('without a listener exits 1', () => {
    const { status, stderr } = run('-f', 'noticed.cfg');
    expect(status).toBe(1);
    expect(stderr).toContain('No enabled listener found');
  });
});

it('-dK prints tables', () => {
  expect(run('-dKcnv').stdout).toContain('\nlower: str => str\n');
});
