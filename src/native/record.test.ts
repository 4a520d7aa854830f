/** The recorder's description is one: what is generated is up to date, the C compiler agrees, and a hostile one is refused. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { layoutPython, layoutTypeScript, readRecordHeader } from '../../scripts/gen-record.mjs';
import { FlightRecord } from './record.ts';
import * as layout from './record-layout.ts';

const root = join(import.meta.dirname, '../..');

test('what is generated is what the generator makes now', () => {
  const isNew = (path: string, text: string) => expect(readFileSync(join(root, path), 'utf8')).toBe(text);
  isNew('src/native/record-layout.ts', layoutTypeScript());
  isNew('native/gdb/record_layout.py', layoutPython());
});

test('the C compiler lays it out the same way', () => {
  const { structs } = readRecordHeader();
  const lines = Object.entries(structs).flatMap(([name, { fields, length }]) => [
    `printf("${name} %zu ${length}\\n", sizeof(struct record_${name}));`,
    ...fields.map(
      ([field, at]) => `printf("${name}.${field} %zu ${at}\\n", offsetof(struct record_${name}, ${field}));`,
    ),
  ]);
  const folder = mkdtempSync(join(tmpdir(), 'sluice-record-'));
  try {
    const source = `#include <stdio.h>\n#include "crash/record.h"\nint main(void)\n{\n${lines.join('\n')}\n}\n`;
    writeFileSync(join(folder, 'layout.c'), source);
    const built = join(folder, 'layout');
    const words = ['-I', join(root, 'native'), '-o', built, join(folder, 'layout.c')];
    execFileSync(process.env['CC'] ?? 'cc', words, { timeout: 60_000 });
    const said = execFileSync(built, { encoding: 'utf8', timeout: 10_000 }).trim().split('\n');
    expect(said.length).toBeGreaterThan(100);
    for (const line of said) {
      const [what, is, wanted] = line.split(' ');
      expect(`${what} ${is}`).toBe(`${what} ${wanted}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** A table of one thread, four slots, four events and three names, as C would write it. */
function table(
  change: (view: DataView, head: typeof layout.record_head.fields) => void = () => {},
): Uint8Array {
  const bytes = new Uint8Array(8192);
  const view = new DataView(bytes.buffer);
  const head = layout.record_head.fields;
  const put = (field: keyof typeof head, value: number) => view.setUint32(head[field].at, value, true);
  view.setBigUint64(0, layout.RECORD_MAGIC, true);
  put('version', layout.RECORD_VERSION);
  put('head_len', layout.record_head.length);
  view.setBigUint64(head.total_len.at, 8192n, true);
  put('threads_off', 3008);
  put('thread_len', layout.record_thread.length);
  put('nthreads', 1);
  put('streams_off', 3136);
  put('stream_len', layout.record_stream.length);
  put('nstreams', 4);
  put('events_off', 4928);
  put('event_len', layout.record_event.length);
  put('nevents', 4);
  put('names_off', 5056);
  put('name_len', layout.record_name.length);
  put('nnames', 3);
  put('nproxies', 2);
  put('nservers', 2);
  change(view, head);
  return bytes;
}

function read(bytes: Uint8Array): FlightRecord {
  const record = FlightRecord.read(bytes);
  if (typeof record === 'string') throw new Error(record);
  return record;
}

test('streams, names and events', () => {
  const record = read(
    table((view) => {
      const { index, gen, state, line } = layout.record_stream.fields;
      const at = 3136 + layout.record_stream.length; // stream 5 lies in slot 5 % 4
      view.setUint32(at + index.at, 5, true);
      view.setUint32(at + gen.at, 7, true);
      view.setUint32(at + state.at, layout.RECORD_ST_BODY, true);
      for (const [i, c] of [...'GET / HTTP/1.1'].entries()) view.setUint8(at + line.at + i, c.charCodeAt(0));
      view.setUint8(5056 + layout.RECORD_NAME_LEN * 2, 'w'.charCodeAt(0));
      view.setBigUint64(3008 + layout.record_thread.fields.events.at, 6n, true);
      for (let i = 0; i < 4; i++)
        view.setUint32(4928 + i * 32 + layout.record_event.fields.a.at, 100 + i, true);
    }),
  );
  expect(record.stream(0, 5, 7)?.line).toBe('GET / HTTP/1.1');
  expect(record.stream(0, 5, 6)).toBeUndefined();
  expect(record.stream(0, 1, 7)).toBeUndefined();
  expect(record.liveStreams().map(({ thread, stream }) => [thread, stream.index])).toEqual([[0, 5]]);
  expect([record.name('server', 0), record.name('server', 1), record.name('server', 2)]).toEqual([
    'w',
    '#1',
    undefined,
  ]);
  expect(record.events(0).map((event) => event.a)).toEqual([102, 103, 100, 101]);
});

test.each([
  ['a few bytes', () => new Uint8Array(100), 'are no flight recorder'],
  ['no magic', () => table((view) => view.setUint8(0, 0)), 'there is no flight recorder'],
  ['another version', () => table((view, head) => view.setUint32(head.version.at, 9, true)), 'version is 9'],
  [
    'streams outside',
    () => table((view, head) => view.setUint32(head.streams_off.at, 8000, true)),
    'lie outside',
  ],
  [
    'streams before it',
    () => table((view, head) => view.setUint32(head.streams_off.at, 8, true)),
    'lie outside',
  ],
  [
    'countless streams',
    () => table((v, head) => v.setUint32(head.nstreams.at, 0xffffffff, true)),
    'lie outside',
  ],
  ['countless threads', () => table((v, head) => v.setUint32(head.nthreads.at, 1e6, true)), 'claims 1000000'],
  ['a length of its own', () => table((v, head) => v.setUint32(head.stream_len.at, 1, true)), 'not 448'],
  ['more than is there', () => table().subarray(0, 5000), 'it is cut'],
  [
    'a length without end',
    () => table((v, h) => v.setBigUint64(h.total_len.at, 1n << 60n, true)),
    'it claims',
  ],
])('%s is refused with a sentence', (_, make, sentence) => {
  expect(FlightRecord.read(make())).toContain(sentence);
});
