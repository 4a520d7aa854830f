/** Cores made by hand, good and bad: what is found in them, and what is said of those that are none. */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { type MadeRecord, makeCore, makeRecord } from '../../test/tool/made-core.ts';
import * as layout from '../native/record-layout.ts';
import { commonTraits, renderCommon } from './common.ts';
import { type Examination, examineCore, examineProcess } from './examine.ts';
import { renderExamination } from './render.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-postmortem-'));
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(bytes: Uint8Array): string {
  const path = join(folder, 'core');
  writeFileSync(path, bytes);
  return path;
}

const RECORD_AT = 0x7f0000000000;
const OUTPUT = 0x5000n;

/** A thread in the encoder, working for stream 4 of backend thing-two. */
const encoding: MadeRecord = {
  names: ['fe', 'thing-two'],
  head: { now_mono_ms: 5000, start_mono_ms: 1000, start_wall_ms: 1_700_000_000_000, version_text: '0.1.0' },
  thread: {
    ...{ tid: 77, engine: 1, at: layout.RECORD_AT_ENGINE, stream: 4, stream_gen: 2 },
    ...{ call: layout.RECORD_CALL_SLZ_ENCODE, call_out: OUTPUT, call_out_len: 4096 },
  },
  streams: [
    {},
    {},
    {},
    {},
    {
      ...{ index: 4, gen: 2, state: layout.RECORD_ST_BODY, frontend: 0, backend: 1 },
      ...{ server: layout.RECORD_NONE, accept_ms: 3500, line: 'POST /webhook/stripe?id=1 HTTP/1.1' },
      ...{ encoder_format: layout.RECORD_FORMAT_GZIP, encoder_mode: layout.RECORD_MODE_FAST },
      ...{ encoder_in: 1_048_576 },
    },
  ],
};

function coreOf(made: MadeRecord, address = OUTPUT + 4096n): Examination | string {
  return examineCore(
    fileOf(makeCore({ segments: [{ address: RECORD_AT, bytes: makeRecord(made) }], address })),
  );
}

function good(found: Examination | string): Examination {
  if (typeof found === 'string') throw new Error(found);
  return found;
}

describe('the verdict', () => {
  test('names call, overrun, stream, places and encoder', () => {
    expect(good(coreOf(encoding)).verdict).toBe(
      'SIGSEGV in slz_encode, writing 1 byte past the output of stream 4: "POST /webhook/stripe?id=1 HTTP/1.1", ' +
        'frontend fe, backend thing-two, encoder gzip/fast after 1,048,576 B in',
    );
  });

  test('is what the dying process said, when it came to it', () => {
    const death = { stage: layout.RECORD_REPORTED, verdict: 'SIGSEGV in slz_encode, and so on' };
    expect(good(coreOf({ ...encoding, death })).verdict).toBe('SIGSEGV in slz_encode, and so on');
  });

  test('does without a stream', () => {
    const thread = { tid: 77, engine: 1, at: layout.RECORD_AT_ENGINE, stream: layout.RECORD_NONE };
    expect(good(coreOf({ thread }, 0n)).verdict).toBe(
      'SIGSEGV in the engine through a null pointer, while no stream was at work',
    );
  });

  test('control bytes of a request do not reach the terminal', () => {
    const streams = [...(encoding.streams ?? [])];
    streams[4] = { ...streams[4], line: 'GET /\x1b[2J HTTP/1.1' };
    const page = renderExamination(good(coreOf({ ...encoding, streams })));
    expect(page).toContain('GET /\\x1b[2J');
    expect(page).not.toContain('\x1b');
  });
});

describe('a core that is none, or is damaged, is told in a sentence', () => {
  const whole = makeCore({ segments: [{ address: RECORD_AT, bytes: makeRecord(encoding) }] });

  test.each([
    ['empty', Buffer.alloc(0), /is empty/],
    [
      'a text',
      Buffer.from('hello world, this is no core file at all, but it is long enough for a header'),
      /is no core file/,
    ],
    ['cut in its headers', whole.subarray(0, 100), /is cut before its list of segments ends/],
    [
      'without a recorder',
      makeCore({ segments: [{ address: 4096, bytes: Buffer.alloc(8192) }] }),
      /no flight recorder/,
    ],
    ['cut in the recorder', whole.subarray(0, whole.length - 3000), /is cut/],
  ])('%s', (_, bytes, sentence) => {
    expect(examineCore(fileOf(bytes))).toMatch(sentence);
  });

  test('a recorder of another version, or with impossible offsets', () => {
    expect(coreOf({ head: { version: 99 } })).toMatch(/its version is 99/);
    expect(coreOf({ head: { streams_off: 0xfffffff0 } })).toMatch(/its streams lie outside of it/);
    expect(coreOf({ head: { total_len: 1n << 60n } })).toMatch(/it claims/);
  });

  test('a sparse core of 10 GB without a recorder is given up in time', () => {
    const path = fileOf(makeCore({ segments: [{ address: 4096, bytes: Buffer.alloc(8192) }] }));
    truncateSync(path, 10 * 1024 ** 3);
    expect(examineCore(path)).toMatch(/no flight recorder/);
  });

  test('any bytes at any place: a sentence or a finding, never an exception', () => {
    const place = fc.record({ at: fc.nat(whole.length - 1), byte: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(place, { minLength: 1, maxLength: 40 }), (changes) => {
        const bytes = Buffer.from(whole);
        for (const { at, byte } of changes) bytes[at] = byte;
        const found = examineCore(fileOf(bytes));
        expect(typeof found === 'string' ? found : renderExamination(found)).not.toBe('');
      }),
      { numRuns: 200 },
    );
  });
});

test('a process that is no Sluice, or not there', () => {
  expect(examineProcess(process.pid)).toMatch(/has no flight recorder/);
  expect(examineProcess(4_000_000)).toBe('there is no process 4000000');
});

test('several deaths show what they share', () => {
  const one = good(coreOf(encoding));
  const deaths = [one, { ...one, diedMs: one.diedMs + 300_000 }, { ...one, culprit: undefined, diedMs: 0 }];
  expect(commonTraits(deaths).map(({ trait, value, count }) => `${count} ${trait} ${value}`)).toContain(
    '2 route POST /webhook',
  );
  expect(renderCommon(deaths)).toContain('3 deaths, one every 300.000 s');
});
