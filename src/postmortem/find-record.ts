/** Where the flight recorder lies: in a core by the name of its mapping, by its magic at the start of a mapping, at last by looking at
 * every page; in a live process by the name of its mapping. Bounded, whatever the size of the core.
 */
import { readFileSync } from 'node:fs';
import { FlightRecord } from '../native/record.ts';
import * as layout from '../native/record-layout.ts';
import type { ElfCore, Segment } from './elf-core.ts';
import { RandomAccess } from './random-access.ts';

const PAGE_BYTES = 4096;
/** Memory that is looked through page by page at most. */
const LOOK_MAX_BYTES = 2 * 1024 * 1024 * 1024;
/** Read at once. */
const PIECE_BYTES = 1024 * 1024;
/** As /proc/<pid>/maps and a core's list of files name the shared memory. */
const MAPPING = /memfd:sluice-record/;

export interface Found {
  /** In the process that wrote it. */
  readonly address: number;
  readonly record: FlightRecord;
}

const MAGIC_BYTES = 8;

function isMagic(bytes: Buffer, at: number): boolean {
  return at + MAGIC_BYTES <= bytes.length && bytes.readBigUInt64LE(at) === layout.RECORD_MAGIC;
}

/** Addresses of pages that begin with the magic. */
function* pagesOf(core: ElfCore, { address, fileBytes }: Segment): Generator<number> {
  for (let at = 0; at < fileBytes; at += PIECE_BYTES) {
    const piece = core.memory(address + at, PIECE_BYTES);
    for (let page = 0; page < piece.length; page += PAGE_BYTES) {
      if (isMagic(piece, page)) yield address + at + page;
    }
  }
}

function* candidates(core: ElfCore): Generator<number> {
  for (const { path, start } of core.files) if (MAPPING.test(path)) yield start;
  const segments = core.segments.filter((one) => one.isWritable && one.fileBytes > 0);
  for (const { address } of segments) yield address;
  let looked = 0;
  for (const segment of segments.sort((a, b) => a.fileBytes - b.fileBytes)) {
    looked += segment.fileBytes;
    if (looked > LOOK_MAX_BYTES) return;
    yield* pagesOf(core, segment);
  }
}

/** The flight recorder of <core>, or a sentence saying why there is none. */
export function findInCore(core: ElfCore): Found | string {
  let reason =
    'there is no flight recorder in it: it is no core of Sluice, or its pages were left out (coredump_filter)';
  for (const address of candidates(core)) {
    if (!isMagic(core.memory(address, MAGIC_BYTES), 0)) continue;
    const record = FlightRecord.read(core.memory(address, layout.RECORD_LEN_MAX));
    if (typeof record !== 'string') return { address, record };
    reason = record;
  }
  return reason;
}

/** The flight recorder of the live process <pid>, copied without stopping it, or a sentence. */
export function findInProcess(pid: number): Found | string {
  let maps: string;
  try {
    maps = readFileSync(`/proc/${pid}/maps`, 'latin1');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return `there is no process ${pid}`;
    return `process ${pid} may not be looked at (${code}): run this as its user, or as root`;
  }
  const line = maps.split('\n').find((one) => MAPPING.test(one));
  if (line === undefined) return `process ${pid} has no flight recorder: it is no Sluice, or it only starts`;
  const [start = 0, end = 0] = (line.split(' ')[0] ?? '').split('-').map((word) => Number.parseInt(word, 16));
  return readProcess(pid, start, Math.min(end - start, layout.RECORD_LEN_MAX));
}

function readProcess(pid: number, address: number, length: number): Found | string {
  try {
    const memory = new RandomAccess(`/proc/${pid}/mem`, Number.POSITIVE_INFINITY);
    try {
      const record = FlightRecord.read(memory.read(address, length));
      return typeof record === 'string' ? record : { address, record };
    } finally {
      memory.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return `the memory of process ${pid} may not be read (${code}): run this as its user with ptrace allowed, or as root`;
  }
}
