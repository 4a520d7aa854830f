/** Who killed a worker is read from memory that a dying process wrote: named when it is there, and never a danger to who reads. */
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { type MadeRecord, makeRecord } from '../../../test/tool/made-core.ts';
import { loadAddon } from '../../native/load.ts';
import { FlightRecord } from '../../native/record.ts';
import * as layout from '../../native/record-layout.ts';
import { type Attribution, attribute, readRecord, SENTENCE_MAX_CHARS } from './attribution.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-attribution-'));
afterAll(() => rmSync(folder, { recursive: true }));

const SIGKILLED = 137;
const STREAM = {
  ...{ index: 0, gen: 2, state: layout.RECORD_ST_BODY, frontend: 0, backend: 1, server: layout.RECORD_NONE },
  ...{ line: 'POST /webhook HTTP/1.1', encoder_format: layout.RECORD_FORMAT_GZIP },
  ...{ encoder_mode: layout.RECORD_MODE_FAST, encoder_in: 1_048_576 },
};
const WHO =
  '"POST /webhook HTTP/1.1", frontend fe, backend thing-two, encoder gzip/fast after 1,048,576 B in';
const encoding: MadeRecord = {
  names: ['fe', 'thing-two'],
  thread: { tid: 77, engine: 1, at: layout.RECORD_AT_ENGINE, stream: 0, stream_gen: 2 },
  streams: [STREAM],
};

function dying(death: NonNullable<MadeRecord['death']>): MadeRecord {
  const always = { stage: layout.RECORD_TOLD, thread: 0, slot: 0, signal: 11, code: 1 };
  return { ...encoding, death: { ...always, cause: layout.RECORD_CAUSE_SIGNAL, ...death } };
}

function of(made: MadeRecord, status = -1): Attribution {
  const path = join(folder, 'record');
  writeFileSync(path, makeRecord(made));
  const fd = openSync(path, 'r');
  try {
    return attribute(readRecord(fd), status);
  } finally {
    closeSync(fd);
  }
}

describe('of a worker with a handler', () => {
  it('its own verdict is used when it came that far', () => {
    const verdict = 'SIGSEGV in slz_encode of stream 0: "GET / HTTP/1.1"';
    const report = '/var/crash/one.txt';
    const found = of(dying({ stage: layout.RECORD_REPORTED, verdict, report }), 139);
    expect(found).toMatchObject({ sentence: verdict, signal: 'SIGSEGV', report, isDeath: true });
  });
  it('a signal with two names has the usual one', () =>
    expect(of(dying({ signal: 6, code: -6, cause: layout.RECORD_CAUSE_ABORT })).signal).toBe('SIGABRT'));
  it('the same is said before its report is written', () => {
    const found = of(dying({ call: layout.RECORD_CALL_SLZ_ENCODE, address: 8 }));
    expect(found.sentence).toBe(`SIGSEGV in slz_encode through a null pointer of stream 0: ${WHO}`);
    expect(found).toMatchObject({ proxy: 'thing-two', isEncoder: true });
  });
  it.each([
    ['a fault in it', { call: layout.RECORD_CALL_SLZ_FLUSH }, true],
    [
      'a canary after it',
      { cause: layout.RECORD_CAUSE_CANARY, code: -6, text: 'slz_encode wrote 1 byte' },
      true,
    ],
    [
      'a canary after another call',
      { cause: layout.RECORD_CAUSE_CANARY, code: -6, text: 'recv wrote' },
      false,
    ],
    [
      'abort within it',
      { cause: layout.RECORD_CAUSE_ABORT, code: -6, call: layout.RECORD_CALL_SLZ_ENCODE },
      true,
    ],
    ['a signal that a process sent', { code: 0, call: layout.RECORD_CALL_SLZ_ENCODE }, false],
    ['a fault in the parser', { call: layout.RECORD_CALL_HEAD_SCAN }, false],
    ['a fault with no call', {}, false],
  ])('the encoder did it: %s', (_, death, isEncoder) => expect(of(dying(death)).isEncoder).toBe(isEncoder));
});

describe('of a worker without a word', () => {
  it('what was at work is said of SIGKILL', () => {
    const { sentence, isDeath, proxy } = of(encoding, SIGKILLED);
    expect(sentence).toBe(
      `SIGKILL, sent by a process, or by the kernel for want of memory; streams under way: 1, at work: ${WHO}`,
    );
    expect({ isDeath, proxy }).toEqual({ isDeath: true, proxy: '' });
  });
  it('the oldest stream is named when no thread was at work', () => {
    const rest = { ...encoding, thread: { ...encoding.thread, at: layout.RECORD_AT_REST } };
    expect(of(rest, SIGKILLED).sentence).toContain(`streams under way: 1, the oldest: ${WHO}`);
  });
  it('an end in order is none', () =>
    expect(of(encoding, 0)).toMatchObject({ isDeath: false, sentence: '' }));
  it('nothing is known without a record', () =>
    expect(attribute(undefined, SIGKILLED)).toMatchObject({
      isDeath: true,
      sentence: '',
      signal: 'SIGKILL',
    }));
});

describe('what a hostile worker gives', () => {
  it('may be no file at all', () => {
    const addon = loadAddon();
    const pair = addon.packetPair();
    if (typeof pair === 'number') throw new Error(`no pair: ${pair}`);
    const directory = openSync(folder, 'r');
    const terminal = openSync('/dev/null', 'r');
    for (const fd of [...pair, directory, terminal, 999_999, -1]) expect(readRecord(fd)).toBeUndefined();
    for (const fd of [...pair, directory, terminal]) addon.closeFd(fd);
  });
  it('may be as large as it likes, or shrink', () => {
    const path = join(folder, 'large');
    writeFileSync(path, makeRecord(encoding));
    const fd = openSync(path, 'r+');
    ftruncateSync(fd, 1024 ** 4);
    expect(readRecord(fd)).toBeInstanceOf(FlightRecord);
    ftruncateSync(fd, 100);
    expect(readRecord(fd)).toBeUndefined();
    closeSync(fd);
  });
  it('cannot write into the log what it likes', () => {
    const line = 'GET /\u001b[2J\n[ALERT] forged HTTP/1.1';
    const verdict = `one\ntwo\u001b[2J${'x'.repeat(1000)}`;
    expect(of({ ...encoding, streams: [{ ...STREAM, line }] }, SIGKILLED).sentence).not.toMatch(
      /[^\x20-\x7e]/,
    );
    const { sentence } = of(dying({ stage: layout.RECORD_REPORTED, verdict }));
    expect(sentence).not.toMatch(/[^\x20-\x7e]/);
    expect(sentence.length).toBeLessThanOrEqual(SENTENCE_MAX_CHARS);
  });
  it('of any content is an answer, never an exception', () => {
    const good = makeRecord(dying({ call: layout.RECORD_CALL_SLZ_ENCODE }));
    // Where the sizes, the death and the thread lie: noise elsewhere is text.
    const at = fc.oneof(
      fc.nat(300),
      fc.integer({ min: 552, max: 700 }),
      fc.integer({ min: 3000, max: 3130 }),
    );
    const noise = fc.array(fc.tuple(at, fc.nat(255)), { maxLength: 20 });
    fc.assert(
      fc.property(noise, fc.constantFrom(-1, 0, 1, SIGKILLED, 139), (changes, status) => {
        const bytes = Buffer.from(good);
        for (const [where, value] of changes) bytes[where] = value;
        const record = FlightRecord.read(bytes);
        const found = attribute(typeof record === 'string' ? undefined : record, status);
        expect(found.sentence.length).toBeLessThanOrEqual(SENTENCE_MAX_CHARS);
      }),
      { numRuns: 2000 },
    );
  });
});
