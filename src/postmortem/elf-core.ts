/** An ELF core file (elf(5), core(5)): its segments, its notes, memory by address. The file may be cut, foreign or made to harm: every
 * number in it is checked against the file's length and a bound before it is used. Little-endian 64-bit, which all our machines are.
 */
import type { DeathSignal } from '../native/culprit.ts';
import { RandomAccess } from './random-access.ts';

const HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const ET_CORE = 4;
const PT_LOAD = 1;
const PT_NOTE = 4;
/** A program header's p_flags. */
const PF_W = 2;
/** e_phnum of a core with more segments than it can say; the first section header knows. */
const PN_XNUM = 0xffff;
/** Segments of a core at most: vm.max_map_count allows 65,530 mappings. */
const SEGMENTS_MAX = 262_144;
const NOTES_MAX_BYTES = 64 * 1024 * 1024;

const NT_PRSTATUS = 1;
const NT_PRPSINFO = 3;
const NT_SIGINFO = 0x53494749;
const NT_FILE = 0x46494c45;
/** prpsinfo: where the command line begins, and its length. */
const PSARGS_AT = 56;
const PSARGS_BYTES = 80;

export interface Segment {
  readonly address: number;
  readonly offset: number;
  /** Bytes in the file, and in the process. */
  readonly fileBytes: number;
  readonly memoryBytes: number;
  readonly isWritable: boolean;
}

export interface MappedFile {
  readonly start: number;
  readonly end: number;
  readonly path: string;
}

export interface CoreThread {
  readonly tid: number;
}

const MACHINES: Readonly<Record<number, string>> = { 62: 'x86-64', 183: 'aarch64' };

function text(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('latin1', 0, end < 0 ? bytes.length : end).trim();
}

export class ElfCore {
  readonly machine: string;
  readonly segments: readonly Segment[];
  /** The one that died comes first. */
  readonly threads: CoreThread[] = [];
  readonly files: MappedFile[] = [];
  signal: DeathSignal | undefined;
  command = '';
  /** Bytes that segments claim beyond the end of the file. */
  readonly missingBytes: number;
  private readonly file: RandomAccess;

  private constructor(file: RandomAccess, machine: string, headers: Buffer) {
    this.file = file;
    this.machine = machine;
    const segments: Segment[] = [];
    let missing = 0;
    for (let at = 0; at + PROGRAM_HEADER_BYTES <= headers.length; at += PROGRAM_HEADER_BYTES) {
      const offset = Number(headers.readBigUInt64LE(at + 8));
      const fileBytes = Number(headers.readBigUInt64LE(at + 32));
      const kind = headers.readUInt32LE(at);
      missing += Math.max(0, Math.min(fileBytes, offset + fileBytes - file.length));
      if (kind === PT_NOTE) this.readNotes(file.read(offset, Math.min(fileBytes, NOTES_MAX_BYTES)));
      if (kind !== PT_LOAD) continue;
      segments.push({
        address: Number(headers.readBigUInt64LE(at + 16)),
        offset,
        fileBytes: Math.max(0, Math.min(fileBytes, file.length - offset)),
        memoryBytes: Number(headers.readBigUInt64LE(at + 40)),
        isWritable: (headers.readUInt32LE(at + 4) & PF_W) !== 0,
      });
    }
    this.segments = segments;
    this.missingBytes = missing;
  }

  /** The core in <path>, or a sentence saying what it is instead. */
  static open(path: string): ElfCore | string {
    let file: RandomAccess;
    try {
      file = new RandomAccess(path);
    } catch (error) {
      return `${path} cannot be opened: ${(error as NodeJS.ErrnoException).code ?? error}`;
    }
    const core = ElfCore.parse(file, path);
    if (typeof core === 'string') file.close();
    return core;
  }

  private static parse(file: RandomAccess, path: string): ElfCore | string {
    const header = file.read(0, HEADER_BYTES);
    if (header.length === 0) return `${path} is empty: the disk was full, or the limit for cores is 0`;
    if (header.length < HEADER_BYTES || header.readUInt32BE(0) !== 0x7f454c46)
      return `${path} is no core file`;
    if (header[4] !== 2 || header[5] !== 1)
      return `${path} is of another kind of machine: 64 bits, little endian are wanted`;
    if (header.readUInt16LE(16) !== ET_CORE) return `${path} is a program or a library, no core file`;
    const machine = MACHINES[header.readUInt16LE(18)];
    if (machine === undefined) return `${path} is of an unknown machine (${header.readUInt16LE(18)})`;
    if (header.readUInt16LE(54) !== PROGRAM_HEADER_BYTES)
      return `${path} is damaged: its headers have an impossible size`;
    let count: number = header.readUInt16LE(56);
    if (count === PN_XNUM) {
      const section = file.read(Number(header.readBigUInt64LE(40)), HEADER_BYTES);
      count = section.length === HEADER_BYTES ? section.readUInt32LE(44) : 0;
    }
    if (count === 0 || count > SEGMENTS_MAX) return `${path} is damaged: it claims ${count} segments`;
    const headers = file.read(Number(header.readBigUInt64LE(32)), count * PROGRAM_HEADER_BYTES);
    if (headers.length < count * PROGRAM_HEADER_BYTES)
      return `${path} is cut before its list of segments ends`;
    return new ElfCore(file, machine, headers);
  }

  private readNotes(notes: Buffer): void {
    for (let at = 0; at + 12 <= notes.length; ) {
      const nameBytes = notes.readUInt32LE(at);
      const bytes = notes.readUInt32LE(at + 4);
      const kind = notes.readUInt32LE(at + 8);
      const start = at + 12 + ((nameBytes + 3) & ~3);
      if (nameBytes > 64 || start + bytes > notes.length) return;
      this.readNote(kind, notes.subarray(start, start + bytes));
      at = start + ((bytes + 3) & ~3);
    }
  }

  private readNote(kind: number, note: Buffer): void {
    if (kind === NT_PRSTATUS && note.length >= 36) {
      this.threads.push({ tid: note.readUInt32LE(32) });
      this.signal ??= { number: note.readUInt32LE(0), code: 0, address: 0n };
    } else if (kind === NT_PRPSINFO && note.length >= PSARGS_AT + PSARGS_BYTES) {
      this.command = text(note.subarray(PSARGS_AT, PSARGS_AT + PSARGS_BYTES));
    } else if (kind === NT_SIGINFO && note.length >= 24) {
      // Each thread has one; that of the death comes with the first.
      if (this.threads.length > 1) return;
      this.signal = {
        number: note.readInt32LE(0),
        code: note.readInt32LE(8),
        address: note.readBigUInt64LE(16),
      };
    } else if (kind === NT_FILE && note.length >= 16) {
      this.readFiles(note);
    }
  }

  private readFiles(note: Buffer): void {
    const count = Number(note.readBigUInt64LE(0));
    let name = 16 + count * 24;
    if (count > SEGMENTS_MAX || name > note.length) return;
    for (let i = 0; i < count; i++) {
      const end = note.indexOf(0, name);
      if (end < 0) return;
      this.files.push({
        start: Number(note.readBigUInt64LE(16 + i * 24)),
        end: Number(note.readBigUInt64LE(24 + i * 24)),
        path: note.toString('utf8', name, end),
      });
      name = end + 1;
    }
  }

  /** Memory of the process, as much of it as the core holds in one piece. */
  memory(address: number, length: number): Buffer {
    const segment = this.segments.find(
      (one) => address >= one.address && address < one.address + one.fileBytes,
    );
    if (segment === undefined) return Buffer.alloc(0);
    const from = address - segment.address;
    return this.file.read(segment.offset + from, Math.min(length, segment.fileBytes - from));
  }

  close(): void {
    this.file.close();
  }
}
