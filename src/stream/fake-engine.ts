/** An engine of plain arrays for tests: events are written as the real one lays them out, commands are read back as short texts
 * (`FORWARD server=0 flags=REUSE_IDLE|SLOT`). Owns its arena; one event a batch.
 */
import type { Arena, EditBuffer, Engine } from '../model/boundary.ts';
import * as abi from '../native/abi.ts';

const COMMANDS_MAX = 256;
const ARENA_BYTES = 65536;
const TEXT_START = 16384;

export interface FakeEdit {
  op: number;
  field: number;
  name: string;
  value: string;
}

class FakeEdits implements EditBuffer {
  readonly list: FakeEdit[] = [];
  get count(): number {
    return this.list.length;
  }
  put(op: number, field: number, name: string, value: string): void {
    this.list.push({ op, field, name, value });
  }
}

/** One command as it was given. */
export interface FakeCommand {
  readonly op: number;
  readonly words: Uint32Array;
  readonly edits: FakeEdit[];
  readonly body: string;
}

export class FakeEngine implements Engine {
  readonly thread = 0;
  readonly arena: Arena;
  readonly edits = new FakeEdits();
  readonly commands = new Uint32Array(COMMANDS_MAX * abi.COMMAND_WORDS);
  readonly work = new Uint32Array(2);
  nowMs = 1000;
  readonly logged: { target: number; line: string }[] = [];
  peer = new Uint8Array([2, 0, 0x30, 0x39, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  private count = 0;
  private textBytes: number[] = [];

  constructor() {
    const buffer = new ArrayBuffer(ARENA_BYTES);
    this.arena = { words: new Uint32Array(buffer), bytes: Buffer.from(buffer) as Arena['bytes'] };
  }

  command(op: number, stream: number, generation: number): number {
    const at = this.count++ * abi.COMMAND_WORDS;
    this.commands.fill(0, at, at + abi.COMMAND_WORDS);
    this.commands[at] = op;
    this.commands[at + 1] = stream;
    this.commands[at + 2] = generation;
    return at;
  }

  text(value: string): number {
    return this.bytes(Buffer.from(value, 'latin1'));
  }

  bytes(value: Uint8Array): number {
    const at = this.textBytes.length;
    this.textBytes.push(...value);
    return at;
  }

  exec(): void {}

  log(target: number, line: string): void {
    this.logged.push({ target, line });
  }

  connAddress(_conn: number, _generation: number, _which: number, out: Uint8Array): number {
    out.set(this.peer);
    return this.peer.length;
  }

  /** Forgets what was commanded, for measurements. */
  dropCommands(): void {
    this.count = 0;
    this.edits.list.length = 0;
    this.textBytes.length = 0;
  }

  /** Takes the commands given since the last call. */
  takeCommands(): FakeCommand[] {
    const taken: FakeCommand[] = [];
    const text = Buffer.from(this.textBytes).toString('latin1');
    for (let i = 0; i < this.count; i++) {
      const words = this.commands.slice(i * abi.COMMAND_WORDS, (i + 1) * abi.COMMAND_WORDS);
      const op = words[0] as number;
      const hasEdits = op === abi.CMD_FORWARD || op === abi.CMD_FORWARD_RESPONSE || op === abi.CMD_RESPOND;
      const first = words[abi.C_EDITS] as number;
      taken.push({
        op,
        words,
        edits: hasEdits ? this.edits.list.slice(first, first + (words[abi.C_NEDITS] as number)) : [],
        body:
          op === abi.CMD_RESPOND
            ? text.substring(
                words[abi.C_BODY] as number,
                (words[abi.C_BODY] as number) + (words[abi.C_BODY_LEN] as number),
              )
            : '',
      });
    }
    this.count = 0;
    this.edits.list.length = 0;
    this.textBytes = [];
    return taken;
  }

  /** Lays out a head in the arena as the scanner does; <text> is the whole of it with CRLF. */
  writeHead(text: string): { head: number; fields: number; text: number } {
    const words = this.arena.words;
    const head = 64;
    const fields = 128;
    this.arena.bytes.write(text, TEXT_START, 'latin1');
    words.fill(0, head, 2048);
    const lines = text.split('\r\n');
    const start = lines[0] as string;
    const isResponse = start.startsWith('HTTP/');
    const spaces = [start.indexOf(' '), start.lastIndexOf(' ')] as [number, number];
    words[head + abi.H_LEN] = text.length;
    if (isResponse) {
      words[head + abi.H_VERSION_STATUS] = versionOf(start) | (Number(start.substring(9, 12)) << 16);
      words[head + abi.H_REASON_OFF] = 13;
      words[head + abi.H_REASON_LEN] = Math.max(start.length - 13, 0);
    } else {
      const method = start.substring(0, spaces[0]);
      words[head + abi.H_VERSION_STATUS] = versionOf(start.substring(spaces[1] + 1));
      words[head + abi.H_METHOD_FIELDS] = Math.max(abi.METHOD_NAMES.indexOf(method), 0);
      words[head + abi.H_METHOD_LEN] = spaces[0];
      words[head + abi.H_TARGET_OFF] = spaces[0] + 1;
      words[head + abi.H_TARGET_LEN] = spaces[1] - spaces[0] - 1;
    }
    this.writeFields(lines, head, fields);
    return { head, fields, text: TEXT_START };
  }

  private writeFields(lines: string[], head: number, fields: number): void {
    const words = this.arena.words;
    let offset = (lines[0] as string).length + 2;
    let count = 0;
    for (const line of lines.slice(1)) {
      if (line === '') break;
      const colon = line.indexOf(':');
      const name = line.substring(0, colon);
      const value = line.substring(colon + 1).trim();
      const at = fields + count * abi.FIELD_WORDS;
      words[at] = offset;
      words[at + 1] = name.length | (Math.max(abi.FIELD_NAMES.indexOf(name), 0) << 16);
      words[at + 2] = offset + line.indexOf(value, colon + 1);
      words[at + 3] = value.length;
      if (name === 'content-length') {
        words[head + abi.H_FLAGS] = (words[head + abi.H_FLAGS] as number) | 1;
        words[head + abi.H_CLEN_LO] = Number(value);
      }
      if (name === 'transfer-encoding') words[head + abi.H_FLAGS] = (words[head + abi.H_FLAGS] as number) | 2;
      if (name === 'max-forwards') words[head + abi.H_FLAGS] = (words[head + abi.H_FLAGS] as number) | 1024;
      offset += line.length + 2;
      count++;
    }
    words[head + abi.H_METHOD_FIELDS] = (words[head + abi.H_METHOD_FIELDS] as number) | (count << 16);
  }
}

function versionOf(word: string): number {
  return word.startsWith('HTTP/1.0') ? 0x0100 : 0x0101;
}
