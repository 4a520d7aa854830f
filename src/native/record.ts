/** Reads the flight recorder (native/crash/record.h) from bytes that may come from a dead process, a core or a foreign build:
 * nothing in it is believed, every offset and count is checked against what is there. Owns nothing but the bytes given.
 */
import * as layout from './record-layout.ts';

type Kind = 'u8' | 'u16' | 'u32' | 'i32' | 'u64' | 'pointer' | 'text' | 'death';
type Fields = Readonly<Record<string, { readonly at: number; readonly kind: Kind; readonly count: number }>>;
type ValueOf<F extends Fields[string]> = F['kind'] extends 'pointer'
  ? bigint
  : F['kind'] extends 'text'
    ? string
    : F['kind'] extends 'death'
      ? DeathRecord
      : F['count'] extends 1
        ? number
        : readonly number[];
type Values<T extends { readonly fields: Fields }> = {
  readonly [K in keyof T['fields']]: ValueOf<T['fields'][K]>;
};

export type DeathRecord = Values<typeof layout.record_death>;
export type HeadRecord = Values<typeof layout.record_head>;
export type ThreadRecord = Values<typeof layout.record_thread>;
export type StreamRecord = Values<typeof layout.record_stream>;
export type EventRecord = Values<typeof layout.record_event>;

/** A text up to its NUL, one character a byte. */
function textAt(view: DataView, at: number, count: number): string {
  let text = '';
  for (let i = 0; i < count; i++) {
    const code = view.getUint8(at + i);
    if (code === 0) break;
    text += String.fromCharCode(code);
  }
  return text;
}

function wordAt(view: DataView, at: number, kind: Kind): number | bigint {
  switch (kind) {
    case 'u8':
      return view.getUint8(at);
    case 'u16':
      return view.getUint16(at, true);
    case 'u32':
      return view.getUint32(at, true);
    case 'i32':
      return view.getInt32(at, true);
    case 'u64':
      return Number(view.getBigUint64(at, true));
    default:
      return view.getBigUint64(at, true);
  }
}

const WIDTHS: Readonly<Record<string, number>> = { u8: 1, u16: 2, u32: 4, i32: 4, u64: 8, pointer: 8 };

function readStruct<T extends { readonly fields: Fields }>(
  view: DataView,
  base: number,
  shape: T,
): Values<T> {
  const values: Record<string, unknown> = {};
  for (const [name, { at, kind, count }] of Object.entries(shape.fields)) {
    const from = base + at;
    if (kind === 'death') values[name] = readStruct(view, from, layout.record_death);
    else if (kind === 'text') values[name] = textAt(view, from, count);
    else if (count === 1) values[name] = wordAt(view, from, kind);
    else {
      const width = WIDTHS[kind] ?? 1;
      values[name] = Array.from({ length: count }, (_, i) => wordAt(view, from + i * width, kind));
    }
  }
  return values as Values<T>;
}

/** Why <head> cannot be what it says it is, or nothing. */
function faultOf(head: HeadRecord, available: number): string | undefined {
  if (head.version !== layout.RECORD_VERSION) {
    return `its version is ${head.version}, this program reads ${layout.RECORD_VERSION}`;
  }
  const known: [string, number, number][] = [
    ['head', head.head_len, layout.record_head.length],
    ['thread', head.thread_len, layout.record_thread.length],
    ['stream', head.stream_len, layout.record_stream.length],
    ['event', head.event_len, layout.record_event.length],
    ['name', head.name_len, layout.record_name.length],
  ];
  for (const [what, is, wanted] of known) {
    if (is !== wanted) return `its ${what} is ${is} bytes long, not ${wanted}`;
  }
  if (head.total_len > layout.RECORD_LEN_MAX) return `it claims ${head.total_len} bytes`;
  if (head.total_len > available) return `it is cut: ${available} of ${head.total_len} bytes are there`;
  if (head.nthreads > layout.RECORD_THREADS_MAX) return `it claims ${head.nthreads} threads`;
  const regions: [string, number, number][] = [
    ['threads', head.threads_off, head.nthreads * head.thread_len],
    ['streams', head.streams_off, head.nthreads * head.nstreams * head.stream_len],
    ['events', head.events_off, head.nthreads * head.nevents * head.event_len],
    ['names', head.names_off, head.nnames * head.name_len],
  ];
  for (const [what, at, length] of regions) {
    if (length > 0 && (at < head.head_len || at + length > head.total_len)) {
      return `its ${what} lie outside of it`;
    }
  }
  return undefined;
}

/** Who a stream belongs to; a name that is not kept is its number. */
type NameKind = 'proxy' | 'server' | 'listener';

export class FlightRecord {
  readonly head: HeadRecord;
  private readonly view: DataView;

  private constructor(view: DataView, head: HeadRecord) {
    this.view = view;
    this.head = head;
  }

  /** The recorder that begins with <bytes>, or a sentence saying why it is none. */
  static read(bytes: Uint8Array): FlightRecord | string {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.byteLength < layout.record_head.length)
      return `${bytes.byteLength} bytes are no flight recorder`;
    if (view.getBigUint64(0, true) !== layout.RECORD_MAGIC) return 'there is no flight recorder';
    const head = readStruct(view, 0, layout.record_head);
    const fault = faultOf(head, bytes.byteLength);
    return fault === undefined
      ? new FlightRecord(view, head)
      : `the flight recorder is not to be read: ${fault}`;
  }

  thread(index: number): ThreadRecord | undefined {
    if (!(index >= 0 && index < this.head.nthreads)) return undefined;
    return readStruct(this.view, this.head.threads_off + index * this.head.thread_len, layout.record_thread);
  }

  /** A slot over all threads, empty or not. */
  slot(index: number): StreamRecord | undefined {
    if (!(index >= 0 && index < this.head.nthreads * this.head.nstreams)) return undefined;
    return readStruct(this.view, this.head.streams_off + index * this.head.stream_len, layout.record_stream);
  }

  /** Stream <index> of <thread>, when its slot still is its own. */
  stream(thread: number, index: number, gen: number): StreamRecord | undefined {
    if (index === layout.RECORD_NONE || thread >= this.head.nthreads) return undefined;
    const slot = this.slot(thread * this.head.nstreams + (index % this.head.nstreams));
    return slot !== undefined && slot.index === index && slot.gen === gen ? slot : undefined;
  }

  /** Streams that are alive, by the time they were accepted, with their thread. */
  liveStreams(): { readonly thread: number; readonly stream: StreamRecord }[] {
    const { nthreads, nstreams, streams_off, stream_len } = this.head;
    const state = layout.record_stream.fields.state.at;
    const found = [];
    for (let i = 0; i < nthreads * nstreams; i++) {
      if (this.view.getUint32(streams_off + i * stream_len + state, true) === layout.RECORD_ST_FREE) continue;
      found.push({
        thread: Math.floor(i / nstreams),
        stream: readStruct(this.view, streams_off + i * stream_len, layout.record_stream),
      });
    }
    return found.sort((a, b) => a.stream.accept_ms - b.stream.accept_ms);
  }

  /** What is left of <thread>'s events, oldest first. */
  events(thread: number): EventRecord[] {
    const { nevents, events_off, event_len } = this.head;
    const written = this.thread(thread)?.events ?? 0;
    const count = Math.min(written, nevents);
    return Array.from({ length: count }, (_, i) => {
      const at = thread * nevents + ((written - count + i) % nevents);
      return readStruct(this.view, events_off + at * event_len, layout.record_event);
    });
  }

  /** `#<index>` when it is not kept, nothing when there is none. */
  name(kind: NameKind, index: number): string | undefined {
    const { nproxies, nservers, nlisteners, nnames, names_off, name_len } = this.head;
    const base = kind === 'proxy' ? 0 : kind === 'server' ? nproxies : nproxies + nservers;
    const count = kind === 'proxy' ? nproxies : kind === 'server' ? nservers : nlisteners;
    if (!(index >= 0 && index < count)) return undefined;
    if (base + index >= nnames) return `#${index}`;
    return textAt(this.view, names_off + (base + index) * name_len, name_len) || `#${index}`;
  }
}
