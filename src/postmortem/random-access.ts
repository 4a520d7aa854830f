/** Bytes of a file at any place, without reading the rest: cores are sparse and may have gigabytes. Owns the descriptor it opens.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

export class RandomAccess {
  readonly length: number;
  private readonly fd: number;

  /** Throws what open(2) says. <length> is for files of /proc, which do not know theirs. */
  constructor(path: string, length?: number) {
    this.fd = openSync(path, 'r');
    this.length = length ?? fstatSync(this.fd).size;
  }

  /** What is there of the wanted bytes, fewer at the end of the file. */
  read(at: number, length: number): Buffer {
    const wanted = Math.max(0, Math.min(length, this.length - at));
    const bytes = Buffer.alloc(wanted);
    let done = 0;
    while (done < wanted) {
      const count = readSync(this.fd, bytes, done, wanted - done, at + done);
      if (count === 0) break;
      done += count;
    }
    return bytes.subarray(0, done);
  }

  close(): void {
    closeSync(this.fd);
  }
}
