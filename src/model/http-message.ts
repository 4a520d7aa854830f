/** Hot path. One HTTP head as policy sees it: the field table that C scanned, under the edits that rules made.
 * C owns the bytes (the arena, valid within one batch); this object owns the edits, which name field indexes and never
 * text positions. After a WAIT the same head is raised again and `reattach` keeps the edits.
 */
import * as abi from '../native/abi.ts';
import type { Arena, EditBuffer } from './boundary.ts';
import { HEAD_ABSOLUTE, HEAD_CLEN } from './head-flags.ts';

/** What became of a field of the original table. */
const KEPT = 0;
const DELETED = 1;
const REPLACED = 2;

/** Marks a field that the proxy consumes itself (framing, Connection and what it lists): visible to rules, not forwarded. */
export const FIELD_HOP = 0x8000;

export class HttpMessage {
  /** The whole head as latin1, kept for the log after the arena has moved on. */
  text = '';
  /** HEAD_F_* bits of the scanner (native/http1/head.h). */
  flags = 0;
  /** 0x0100 or 0x0101. */
  version = 0;
  status = 0;
  methodId = 0;
  /** Number of fields in the original table; added fields follow from this index on. */
  fieldCount = 0;
  private words: Uint32Array | undefined;
  private head = 0;
  private fields = 0;
  /** The start line as it counts when the scanner changed the bytes beneath it; '' = as it was received. */
  private normalisedLine = '';
  private edited = false;
  private readonly fate: number[] = [];
  private readonly values: string[] = [];
  /** Arrays keep their length when edits are dropped: `addedCount` says how much of these two counts. */
  private readonly addedNames: string[] = [];
  private readonly addedValues: string[] = [];
  private addedCount = 0;
  private newMethod: string | undefined;
  private newTarget: string | undefined;
  private newStatus = 0;
  /** A rule added `Connection: close`: the engine writes that field, so it is told instead of given a line. */
  asksClose = false;
  private newReason: string | undefined;

  /** Points this message at a head that an event carries, without edits. */
  attach(arena: Arena, head: number, fields: number, text: number): void {
    const words = arena.words;
    this.point(words, head, fields);
    this.text = arena.bytes.latin1Slice(text, text + (words[head + abi.H_LEN] as number));
    if (this.edited) this.clearEdits();
    if ((this.flags & HEAD_ABSOLUTE) !== 0) this.normaliseLine();
    else if (this.normalisedLine !== '') this.normalisedLine = '';
  }

  /** An absolute-form target was normalised in place: what lies between it and the version is not its line any more. */
  private normaliseLine(): void {
    this.normalisedLine = `${this.method} ${this.target} HTTP/${this.version >>> 8}.${this.version & 0xff}`;
  }

  /** Points this message at the same head, raised again: edits stay. */
  reattach(arena: Arena, head: number, fields: number): void {
    this.point(arena.words, head, fields);
  }

  private point(words: Uint32Array, head: number, fields: number): void {
    this.words = words;
    this.head = head;
    this.fields = fields;
    this.flags = words[head + abi.H_FLAGS] as number;
    const versionStatus = words[head + abi.H_VERSION_STATUS] as number;
    this.version = versionStatus & 0xffff;
    this.status = versionStatus >>> 16;
    const methodFields = words[head + abi.H_METHOD_FIELDS] as number;
    this.methodId = methodFields & 0xffff;
    this.fieldCount = methodFields >>> 16;
  }

  /** Makes an empty message for a response of our own. */
  reset(): void {
    this.text = '';
    this.normalisedLine = '';
    this.flags = 0;
    this.version = 0x0101;
    this.status = 0;
    this.methodId = 0;
    this.fieldCount = 0;
    this.words = undefined;
    this.clearEdits();
  }

  /** There is no message: what came was none, or the stream is not HTTP. `version` 0 says so. */
  setNone(): void {
    this.reset();
    this.version = 0;
  }

  /** True while the field table may be read: within the batch that carries it, or always for a message of our own. */
  get isReadable(): boolean {
    return this.words !== undefined || this.fieldCount === 0;
  }

  /** Called when the batch is over: the arena is C's again. */
  detach(): void {
    this.words = undefined;
  }

  private clearEdits(): void {
    this.edited = false;
    this.addedCount = 0;
    this.newMethod = undefined;
    this.newTarget = undefined;
    this.newStatus = 0;
    this.asksClose = false;
    this.newReason = undefined;
  }

  private word(index: number): number {
    return (this.words as Uint32Array)[index] as number;
  }

  get method(): string {
    if (this.newMethod !== undefined) return this.newMethod;
    const known = abi.METHOD_NAMES[this.methodId];
    return known ? known : this.originalMethod;
  }

  private get originalMethod(): string {
    const off = this.word(this.head + abi.H_METHOD_OFF);
    return this.text.substring(off, off + this.word(this.head + abi.H_METHOD_LEN));
  }

  /** The request target as it will be forwarded. */
  get target(): string {
    if (this.newTarget !== undefined) return this.newTarget;
    const off = this.word(this.head + abi.H_TARGET_OFF);
    return this.text.substring(off, off + this.word(this.head + abi.H_TARGET_LEN));
  }

  get reason(): string {
    if (this.newReason !== undefined) return this.newReason;
    const off = this.word(this.head + abi.H_REASON_OFF);
    return this.text.substring(off, off + this.word(this.head + abi.H_REASON_LEN));
  }

  /** Bytes of body that Content-Length announces; -1 when it does not rule the framing. */
  get contentLength(): number {
    if (this.words === undefined || (this.flags & HEAD_CLEN) === 0) return -1;
    return this.word(this.head + abi.H_CLEN_LO) + this.word(this.head + abi.H_CLEN_HI) * 4294967296;
  }

  /** The first line as it was received, without its end; readable after the batch. */
  get startLine(): string {
    if (this.normalisedLine !== '') return this.normalisedLine;
    let start = 0;
    while (this.text.startsWith('\r\n', start)) start += 2; // empty lines before it (RFC 9112 2.2)
    const end = this.text.indexOf('\r\n', start);
    return end < 0 ? this.text.substring(start) : this.text.substring(start, end);
  }

  /** One past the last field index, added ones included. */
  get fieldEnd(): number {
    return this.fieldCount + this.addedCount;
  }

  /** Index of the next field called <name> (lower case, <id> its FIELD_NAMES index or 0) from <from> on, or -1. */
  find(id: number, name: string, from: number): number {
    const count = this.fieldCount;
    for (let i = from; i < count; i++) {
      const at = this.fields + i * abi.FIELD_WORDS;
      const lengthId = this.word(at + 1);
      const fieldId = (lengthId >>> 16) & ~FIELD_HOP;
      if (fieldId !== id) continue;
      if (this.edited && this.fate[i] === DELETED) continue;
      if (id !== 0) return i;
      const off = this.word(at);
      if ((lengthId & 0xffff) === name.length && this.text.startsWith(name, off)) return i;
    }
    for (let i = Math.max(from - count, 0); i < this.addedCount; i++) {
      if (this.addedNames[i] === name) return count + i;
    }
    return -1;
  }

  /** The first value of field <name>, or undefined. */
  get(id: number, name: string): string | undefined {
    const index = this.find(id, name, 0);
    return index < 0 ? undefined : this.fieldValue(index);
  }

  isDeleted(index: number): boolean {
    return index < this.fieldCount
      ? this.edited && this.fate[index] === DELETED
      : this.addedNames[index - this.fieldCount] === '';
  }

  fieldName(index: number): string {
    if (index >= this.fieldCount) return this.addedNames[index - this.fieldCount] as string;
    const at = this.fields + index * abi.FIELD_WORDS;
    const off = this.word(at);
    return this.text.substring(off, off + (this.word(at + 1) & 0xffff));
  }

  /** FIELD_NAMES index of a field of the original table; 0 for others. */
  fieldId(index: number): number {
    if (index >= this.fieldCount) return 0;
    return (this.word(this.fields + index * abi.FIELD_WORDS + 1) >>> 16) & ~FIELD_HOP;
  }

  fieldValue(index: number): string {
    if (index >= this.fieldCount) return this.addedValues[index - this.fieldCount] as string;
    if (this.edited && this.fate[index] === REPLACED) return this.values[index] as string;
    const at = this.fields + index * abi.FIELD_WORDS + 2;
    const off = this.word(at);
    return this.text.substring(off, off + this.word(at + 1));
  }

  private markEdited(): void {
    if (this.edited) return;
    this.edited = true;
    for (let i = 0; i < this.fieldCount; i++) this.fate[i] = KEPT;
  }

  deleteField(index: number): void {
    this.markEdited();
    if (index < this.fieldCount) this.fate[index] = DELETED;
    else this.addedNames[index - this.fieldCount] = '';
  }

  replaceValue(index: number, value: string): void {
    this.markEdited();
    if (index >= this.fieldCount) {
      this.addedValues[index - this.fieldCount] = value;
      return;
    }
    this.fate[index] = REPLACED;
    this.values[index] = value;
  }

  /** Adds a field at the end; <name> must be lower case. */
  addField(name: string, value: string): void {
    this.markEdited();
    this.addedNames[this.addedCount] = name;
    this.addedValues[this.addedCount++] = value;
  }

  /** Removes every field called <name>. */
  deleteAll(id: number, name: string): void {
    for (let i = this.find(id, name, 0); i >= 0; i = this.find(id, name, i + 1)) this.deleteField(i);
  }

  setMethod(method: string): void {
    this.markEdited();
    this.newMethod = method;
  }

  setTarget(target: string): void {
    this.markEdited();
    this.newTarget = target;
  }

  setStatus(status: number, reason: string): void {
    this.markEdited();
    this.newStatus = status;
    this.status = status;
    this.newReason = reason;
  }

  /** Writes the edits for the engine; returns how many. */
  writeEdits(out: EditBuffer): number {
    if (!this.edited) return 0;
    const before = out.count;
    if (this.newMethod !== undefined) out.put(abi.EDIT_METHOD, 0, '', this.newMethod);
    if (this.newTarget !== undefined) out.put(abi.EDIT_TARGET, 0, '', this.newTarget);
    if (this.newStatus !== 0) out.put(abi.EDIT_STATUS, 0, '', String(this.newStatus));
    if (this.newReason !== undefined) out.put(abi.EDIT_REASON, 0, '', this.newReason);
    for (let i = 0; i < this.fieldCount; i++) {
      const fate = this.fate[i];
      if (fate === DELETED) out.put(abi.EDIT_DEL, i, '', '');
      else if (fate === REPLACED) out.put(abi.EDIT_VALUE, i, '', this.values[i] as string);
    }
    for (let i = 0; i < this.addedCount; i++) {
      const name = this.addedNames[i] as string;
      if (name !== '') out.put(abi.EDIT_ADD, 0, name, this.addedValues[i] as string);
    }
    return out.count - before;
  }
}
