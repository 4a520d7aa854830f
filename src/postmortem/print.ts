/** Writes text to a standard stream at once, whatever becomes of the process next.
 */
import { writeSync } from 'node:fs';

/** UTF-8; a reader that is gone is no error. */
export function print(descriptor: 1 | 2, text: string): void {
  const bytes = Buffer.from(text);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
  }
}
