/** Core files made of a few numbers, for tests: ELF header, one note segment, memory segments; and a flight recorder to put into one.
 */
import * as layout from '../../src/native/record-layout.ts';

export interface MadeSegment {
  readonly address: number;
  readonly bytes: Buffer;
}

interface MadeCore {
  readonly segments: readonly MadeSegment[];
  readonly tid?: number;
  readonly signal?: number;
  readonly code?: number;
  readonly address?: bigint;
  /** Programs and libraries that were mapped. */
  readonly files?: readonly string[];
}

function note(kind: number, body: Buffer): Buffer {
  const head = Buffer.alloc(20);
  head.writeUInt32LE(5, 0);
  head.writeUInt32LE(body.length, 4);
  head.writeUInt32LE(kind, 8);
  head.write('CORE', 12, 'latin1');
  return Buffer.concat([head, body, Buffer.alloc((4 - (body.length & 3)) & 3)]);
}

/** NT_FILE: where each file was mapped, then their names. */
function fileNote(files: readonly string[]): Buffer {
  const places = Buffer.alloc(16 + 24 * files.length);
  places.writeBigUInt64LE(BigInt(files.length), 0);
  places.writeBigUInt64LE(1n, 8);
  for (const i of files.keys()) {
    places.writeBigUInt64LE(BigInt(i + 1) << 32n, 16 + 24 * i);
    places.writeBigUInt64LE((BigInt(i + 1) << 32n) + 4096n, 24 + 24 * i);
  }
  return Buffer.concat([places, Buffer.from(files.map((path) => `${path}\0`).join(''))]);
}

function notes({ tid = 77, signal = 11, code = 1, address = 0n, files = [] }: MadeCore): Buffer {
  const status = Buffer.alloc(336);
  status.writeUInt32LE(signal, 0);
  status.writeUInt32LE(tid, 32);
  const info = Buffer.alloc(128);
  info.writeInt32LE(signal, 0);
  info.writeInt32LE(code, 8);
  info.writeBigUInt64LE(address, 16);
  const mapped = files.length === 0 ? [] : [note(0x46494c45, fileNote(files))];
  return Buffer.concat([note(1, status), note(0x53494749, info), ...mapped]);
}

export function makeCore(made: MadeCore): Buffer {
  const header = Buffer.alloc(64);
  header.writeUInt32BE(0x7f454c46, 0);
  header[4] = 2;
  header[5] = 1;
  header.writeUInt16LE(4, 16);
  header.writeUInt16LE(62, 18);
  header.writeBigUInt64LE(64n, 32);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(made.segments.length + 1, 56);
  const parts = [notes(made), ...made.segments.map((one) => one.bytes)];
  const headers = Buffer.alloc(56 * parts.length);
  let offset = 64 + headers.length;
  for (const [i, part] of parts.entries()) {
    headers.writeUInt32LE(i === 0 ? 4 : 1, 56 * i);
    headers.writeUInt32LE(6, 56 * i + 4);
    headers.writeBigUInt64LE(BigInt(offset), 56 * i + 8);
    headers.writeBigUInt64LE(BigInt(i === 0 ? 0 : (made.segments[i - 1]?.address ?? 0)), 56 * i + 16);
    headers.writeBigUInt64LE(BigInt(part.length), 56 * i + 32);
    headers.writeBigUInt64LE(BigInt(part.length), 56 * i + 40);
    offset += part.length;
  }
  return Buffer.concat([header, headers, ...parts]);
}

type Numbers = Readonly<Record<string, number | bigint | string>>;
type Shape = {
  readonly length: number;
  readonly fields: Readonly<Record<string, { readonly at: number; readonly kind: string }>>;
};

function put(memory: Buffer, base: number, shape: Shape, values: Numbers): void {
  for (const [name, value] of Object.entries(values)) {
    const field = shape.fields[name];
    if (field === undefined) throw new Error(`record.h has no field ${name}`);
    const at = base + field.at;
    if (typeof value === 'string') memory.write(value, at, 'latin1');
    else if (field.kind === 'u64' || field.kind === 'pointer') memory.writeBigUInt64LE(BigInt(value), at);
    else if (field.kind === 'u32') memory.writeUInt32LE(Number(value), at);
    else if (field.kind === 'i32') memory.writeInt32LE(Number(value), at);
    else memory.writeUInt8(Number(value), at);
  }
}

export interface MadeRecord {
  readonly head?: Numbers;
  readonly death?: Numbers;
  readonly thread?: Numbers;
  /** By slot. */
  readonly streams?: readonly Numbers[];
  readonly names?: readonly string[];
}

const STREAMS = 8;
const EVENTS = 4;

/** The memory of a recorder with one thread. */
export function makeRecord({
  head = {},
  death = {},
  thread = {},
  streams = [],
  names = [],
}: MadeRecord): Buffer {
  const threadsOff = layout.record_head.length;
  const streamsOff = threadsOff + layout.record_thread.length;
  const eventsOff = streamsOff + STREAMS * layout.record_stream.length;
  const namesOff = eventsOff + EVENTS * layout.record_event.length;
  const total = namesOff + names.length * layout.record_name.length;
  const memory = Buffer.alloc(Math.ceil(total / 4096) * 4096);
  memory.writeBigUInt64LE(layout.RECORD_MAGIC, 0);
  put(memory, 0, layout.record_head, {
    ...{ version: layout.RECORD_VERSION, head_len: layout.record_head.length, total_len: total },
    ...{ threads_off: threadsOff, thread_len: layout.record_thread.length, nthreads: 1 },
    ...{ streams_off: streamsOff, stream_len: layout.record_stream.length, nstreams: STREAMS },
    ...{ events_off: eventsOff, event_len: layout.record_event.length, nevents: EVENTS },
    ...{ names_off: namesOff, name_len: layout.record_name.length, nnames: names.length },
    ...{ nproxies: names.length, pid: 4242 },
    ...head,
  });
  put(memory, layout.record_head.fields.death.at, layout.record_death, death);
  put(memory, threadsOff, layout.record_thread, thread);
  for (const [i, values] of streams.entries()) {
    put(memory, streamsOff + i * layout.record_stream.length, layout.record_stream, values);
  }
  for (const [i, name] of names.entries())
    memory.write(name, namesOff + i * layout.record_name.length, 'latin1');
  return memory;
}
