/** What `sluice postmortem` is given is broken, foreign, hostile, or lacks something: a sentence that says what was found and what is
 * missing, exit code 1, within a bound; never a traceback.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import * as layout from '../../src/native/record-layout.ts';
import { type MadeRecord, makeCore, makeRecord } from '../tool/made-core.ts';
import { postmortem } from './scene.ts';

const RECORD_AT = 0x7f0000000000;

const folder = mkdtempSync(join(tmpdir(), 'sluice-bad-'));
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const working: MadeRecord = {
  names: ['fe', 'be'],
  thread: { tid: 77, engine: 1, at: layout.RECORD_AT_ENGINE, stream: 0, stream_gen: 1 },
  streams: [
    { index: 0, gen: 1, state: layout.RECORD_ST_BODY, frontend: 0, backend: 1, line: 'GET / HTTP/1.1' },
  ],
};

function coreOf(made: MadeRecord, files: readonly string[] = []): Buffer {
  return makeCore({ segments: [{ address: RECORD_AT, bytes: makeRecord(made) }], files });
}

const whole = coreOf(working);
const FOREIGN = makeCore({ segments: [{ address: 4096, bytes: Buffer.alloc(8192) }] });
const SPARSE_BYTES = 10 * 1024 ** 3;
const SHORT = Buffer.from('too short');
const LIE = coreOf({ ...working, head: { streams_off: 0xfffffff0 } });
const HUGE = coreOf({ ...working, head: { total_len: 1n << 60n } });
const MANY = Buffer.from(whole);
MANY.writeUInt16LE(0xfffe, 56);

describe('a file that tells nothing', () => {
  test.each([
    ['empty', Buffer.alloc(0), /is empty: the disk was full, or the limit for cores is 0/],
    ['short', SHORT, /is no core file/],
    ['cut-in-its-headers', whole.subarray(0, 100), /is cut before its list of segments ends/],
    ['cut-in-its-recorder', whole.subarray(0, whole.length - 3000), /it is cut: \d+ of \d+ bytes are there/],
    ['foreign', FOREIGN, /there is no flight recorder in it: it is no core of Sluice/],
    ['with-impossible-offsets', LIE, /its streams lie outside of it/],
    [
      'with-an-impossible-length',
      HUGE,
      /it claims 1152921504606846976 bytes|it claims 1152921504606847000 bytes/,
    ],
    ['with-impossible-headers', MANY, /is cut before its list of segments ends/],
  ])('%s', async (name, bytes, sentence) => {
    const { code, out, err } = await postmortem([fileOf(name, bytes)]);
    expect(err).toMatch(sentence);
    expect(err).toMatch(/^sluice postmortem: [^\n]+\n$/);
    expect({ code, out }).toEqual({ code: 1, out: '' });
  });

  test('a program is no core', async () => {
    const { code, err } = await postmortem([process.execPath]);
    expect(err).toBe(`sluice postmortem: ${process.execPath} is a program or a library, no core file\n`);
    expect(code).toBe(1);
  });

  test('10 GB of nothing', async () => {
    const path = fileOf('sparse', FOREIGN);
    truncateSync(path, SPARSE_BYTES);
    const { code, err } = await postmortem([path]);
    expect(err).toMatch(/there is no flight recorder in it/);
    expect(code).toBe(1);
  });

  test('nothing there, a directory without deaths, a process without a recorder', async () => {
    const empty = join(folder, 'empty-directory');
    mkdirSync(empty);
    const { code, out, err } = await postmortem(['/nowhere/core', empty, String(process.pid)]);
    expect(err.split('\n')).toEqual([
      'sluice postmortem: there is no file /nowhere/core',
      `sluice postmortem: ${empty} holds neither a core nor a report of Sluice's`,
      `sluice postmortem: process ${process.pid} has no flight recorder: it is no Sluice, or it only starts`,
      '',
    ]);
    expect({ code, out }).toEqual({ code: 1, out: '' });
  });

  test.skipIf(process.getuid?.() !== 0)('a core that this user may not read (needs root)', async () => {
    const path = fileOf('mine', whole);
    chmodSync(path, 0o600);
    // The program itself may lie where nobody else sees it: the identity changes when the core is opened.
    const preload = join(folder, 'nobody.cjs');
    writeFileSync(
      preload,
      `const fs = require('node:fs');
      const { openSync } = fs;
      fs.openSync = (path, ...rest) => {
        if (path === process.env.CORE) process.seteuid(65534);
        return openSync(path, ...rest);
      };\n`,
    );
    const env = { ...process.env, NODE_OPTIONS: `--require ${preload}`, CORE: path };
    const { code, out, err } = await postmortem([path], { env });
    expect(err).toBe(`sluice postmortem: ${path} cannot be opened: EACCES\n`);
    expect({ code, out }).toEqual({ code: 1, out: '' });
  });
});

describe('a core that lacks something: the verdict, and what is missing', () => {
  const VERDICT =
    /^SIGSEGV in the engine through a null pointer of stream 0: "GET \/ HTTP\/1\.1", frontend fe, backend be\n/;

  test('of another build', async () => {
    const head = { node_id: 0xab, node_id_len: 20 };
    const { code, out } = await postmortem([
      fileOf('other', coreOf({ ...working, head }, [process.execPath])),
    ]);
    expect(out).toMatch(VERDICT);
    expect(out).toContain(`note     ${process.execPath} is another build here`);
    expect(code).toBe(1);
  });

  test('cut behind its recorder', async () => {
    const segments = [
      { address: RECORD_AT, bytes: makeRecord(working) },
      { address: 0x10000, bytes: Buffer.alloc(8192) },
    ];
    const bytes = makeCore({ segments });
    const { code, out } = await postmortem([
      '--no-stack',
      fileOf('cut', bytes.subarray(0, bytes.length - 4096)),
    ]);
    expect(out).toMatch(VERDICT);
    expect(out).toContain(
      'note     the core is cut: 4096 bytes are missing at its end (disk full, or a limit)',
    );
    expect(code).toBe(1);
  });

  test('no gdb', async () => {
    const path = fileOf('without-gdb', coreOf(working, [process.execPath]));
    const { code, out } = await postmortem([path], { env: { ...process.env, PATH: '/nowhere' } });
    expect(out).toMatch(VERDICT);
    expect(out).toContain('note     gdb is not installed, so there is no stack (apt-get install gdb)');
    expect(code).toBe(1);
  });

  test('registers that are none: the verdict stands, gdb is bounded', async () => {
    const { out, err } = await postmortem([fileOf('no-registers', coreOf(working, [process.execPath]))]);
    expect(out).toMatch(VERDICT);
    expect(out + err).not.toMatch(/Traceback|\n {4}at /);
  });
});
