/** The GNU build-id of a program or library, by which debuggers know that two files are one build. Bounded reads of an ELF file.
 */
import { RandomAccess } from './random-access.ts';

const PT_NOTE = 4;
const NT_GNU_BUILD_ID = 3;
const HEADERS_MAX = 256;
const NOTE_MAX_BYTES = 65_536;

function inNotes(notes: Buffer): string {
  for (let at = 0; at + 12 <= notes.length; ) {
    const nameBytes = notes.readUInt32LE(at);
    const bytes = notes.readUInt32LE(at + 4);
    const start = at + 12 + ((nameBytes + 3) & ~3);
    if (nameBytes > 64 || start + bytes > notes.length) return '';
    if (
      notes.readUInt32LE(at + 8) === NT_GNU_BUILD_ID &&
      notes.toString('latin1', at + 12, at + 15) === 'GNU'
    ) {
      return notes.toString('hex', start, start + bytes);
    }
    at = start + ((bytes + 3) & ~3);
  }
  return '';
}

function inFile(file: RandomAccess): string {
  const header = file.read(0, 64);
  if (header.length < 64 || header.readUInt32BE(0) !== 0x7f454c46 || header[4] !== 2) return '';
  const count = Math.min(header.readUInt16LE(56), HEADERS_MAX);
  const headers = file.read(Number(header.readBigUInt64LE(32)), count * 56);
  for (let at = 0; at + 56 <= headers.length; at += 56) {
    if (headers.readUInt32LE(at) !== PT_NOTE) continue;
    const length = Math.min(Number(headers.readBigUInt64LE(at + 32)), NOTE_MAX_BYTES);
    const id = inNotes(file.read(Number(headers.readBigUInt64LE(at + 8)), length));
    if (id !== '') return id;
  }
  return '';
}

/** In hexadecimal; empty when <path> is not there or has none. */
export function buildIdOf(path: string): string {
  try {
    const file = new RandomAccess(path);
    try {
      return inFile(file);
    } finally {
      file.close();
    }
  } catch {
    return '';
  }
}
