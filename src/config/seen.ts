/** What a reading found on disk, remembered so that somebody who knows nothing of configurations can tell later whether a reading
 * would find the same again. A file counts as the same by its inode, size and times, or, when those tell too little, by its bytes.
 */
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { crypto } from '../base/late-modules.ts';

/** A file or folder when it was looked at, just before it was read. */
export interface Seen {
  readonly path: string;
  readonly stamp: string;
  /** Its last change by its own times, in milliseconds; when it was looked at. */
  readonly changedMs: number;
  readonly atMs: number;
  /** Of its bytes; '' = only the stamp can tell. */
  readonly digest: string;
}

/** Files that may be compared, and the bytes of one that is read for it. */
export const SEEN_MAX = 100_000;
const COMPARED_MAX_BYTES = 64 * 1024 * 1024;
/** A file changed so shortly before it was read may change again without getting other times. */
const TICK_MS = 2000;
const ABSENT = '-';

function stampOf(path: string): { readonly stamp: string; readonly changedMs: number } {
  try {
    const { dev, ino, size, mtimeMs, ctimeMs } = statSync(path);
    return { stamp: `${dev} ${ino} ${size} ${mtimeMs} ${ctimeMs}`, changedMs: Math.max(mtimeMs, ctimeMs) };
  } catch {
    return { stamp: ABSENT, changedMs: 0 };
  }
}

/** To be called before <path> is read. */
export function see(path: string): Seen {
  return { path: resolve(path), ...stampOf(path), atMs: Date.now(), digest: '' };
}

export function digestOf(bytes: Uint8Array): string {
  return crypto().createHash('sha256').update(bytes).digest('hex');
}

function hasBytes(path: string, digest: string): boolean {
  try {
    return statSync(path).size <= COMPARED_MAX_BYTES && digestOf(readFileSync(path)) === digest;
  } catch {
    return false;
  }
}

/** A reading would find now what was found then. */
export function isAsSeen(seen: Seen): boolean {
  const { stamp } = stampOf(seen.path);
  if (stamp === seen.stamp && seen.changedMs + TICK_MS < seen.atMs) return true;
  return seen.digest !== '' && stamp !== ABSENT && hasBytes(seen.path, seen.digest);
}

/** What another process wrote down, or undefined when it makes no sense. */
export function seenFrom(text: string): Seen[] | undefined {
  try {
    const all: unknown = JSON.parse(text);
    if (!Array.isArray(all) || all.length > SEEN_MAX) return undefined;
    const isSound = all.every(
      (one: Partial<Record<keyof Seen, unknown>> | null) =>
        typeof one?.path === 'string' &&
        typeof one.stamp === 'string' &&
        typeof one.digest === 'string' &&
        Number.isFinite(one.changedMs) &&
        Number.isFinite(one.atMs),
    );
    return isSound ? (all as Seen[]) : undefined;
  } catch {
    return undefined;
  }
}
