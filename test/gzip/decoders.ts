/** Decoders that are not ours. node:zlib judges each stream at once; gzip(1), libdeflate and Python judge a whole file of
 * them: every stream a member of one gzip file, or for Python a record, so that a thousand streams cost one process.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { FormatName } from '../../src/gzip/index.ts';

/** One stream and what it must give back. */
export interface Packed {
  readonly format: FormatName;
  readonly output: Buffer;
}

const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
const PYTHON = `
import gzip, hashlib, struct, sys, zlib
stdin, whole = sys.stdin.buffer, hashlib.sha256()
while head := stdin.read(5):
    kind, length = struct.unpack('<BI', head)
    data = stdin.read(length)
    if kind == 0:
        whole.update(gzip.decompress(data))
    else:
        decoder = zlib.decompressobj(15 if kind == 1 else -15)
        whole.update(decoder.decompress(data) + decoder.flush())
        assert decoder.eof and not decoder.unused_data
print(whole.hexdigest())
`;

/** A stream of any format as a gzip member: the deflate in it stays as it is. */
function member({ format, output }: Packed, body: Buffer): Buffer {
  if (format === 'gzip') return output;
  const end = Buffer.alloc(8);
  end.writeUInt32LE(crc32(body), 0);
  end.writeUInt32LE(body.length, 4);
  return Buffer.concat([HEADER, format === 'deflate' ? output.subarray(2, -4) : output, end]);
}

function record({ format, output }: Packed): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(['gzip', 'deflate', 'deflate-raw'].indexOf(format), 0);
  head.writeUInt32LE(output.length, 1);
  return Buffer.concat([head, output]);
}

/** Runs <command> on <input>; the sha256 of what it prints, or what it prints when that is asked. */
function run(command: string, words: readonly string[], input: Buffer, isText: boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, { stdio: ['pipe', 'pipe', 'pipe'] });
    const hash = createHash('sha256');
    let text = '';
    let complaint = '';
    child.stdout.on('data', (piece: Buffer) => {
      if (isText) text += piece.toString();
      else hash.update(piece);
    });
    child.stderr.on('data', (piece: Buffer) => {
      complaint += piece.toString();
    });
    child.on('error', reject);
    child.stdin.on('error', () => {}); // a decoder that gives up early says why itself
    child.on('close', (status) => {
      if (status !== 0) reject(new Error(`${command}: ${complaint}`));
      else resolve(isText ? text.trim() : hash.digest('hex'));
    });
    child.stdin.end(input);
  });
}

/** Judges all <streams> of one body by a decoder; what each gives. `program` is its path. */
export type Judge = (program: string, streams: readonly Packed[], body: Buffer) => Promise<string>;

export const judges: readonly (readonly [program: string, judge: Judge])[] = [
  ['python3', (python, streams) => run(python, ['-c', PYTHON], Buffer.concat(streams.map(record)), true)],
  ['gzip', (gzip, streams, body) => run(gzip, ['-dc'], members(streams, body), false)],
  ['libdeflate-gunzip', (gunzip, streams, body) => run(gunzip, ['-c', '-'], members(streams, body), false)],
];

function members(streams: readonly Packed[], body: Buffer): Buffer {
  return Buffer.concat(streams.map((one) => member(one, body)));
}

/** What a judge must give for <count> streams of <body>. */
export function expected(body: Buffer, count: number): string {
  const hash = createHash('sha256');
  for (let at = 0; at < count; at++) hash.update(body);
  return hash.digest('hex');
}
