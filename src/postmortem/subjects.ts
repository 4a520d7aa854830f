/** What a word of the command line stands for: a process, a core, a report, or a directory with any number of the latter two. Reads
 * first bytes and directories, believes neither names nor endings.
 */
import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Examination, examineCore, examineProcess } from './examine.ts';
import { RandomAccess } from './random-access.ts';
import { examineReport, isReport } from './report-file.ts';

/** Files of a directory that are looked at. */
const ENTRIES_MAX = 4096;
/** Deaths examined at once, the latest ones of a directory. */
export const SUBJECTS_MAX = 64;
const ELF_MAGIC = 0x7f454c46;
const ET_CORE = 4;

function isCore(path: string): boolean {
  try {
    const file = new RandomAccess(path);
    try {
      const head = file.read(0, 18);
      return head.length === 18 && head.readUInt32BE(0) === ELF_MAGIC && head.readUInt16LE(16) === ET_CORE;
    } finally {
      file.close();
    }
  } catch {
    return false;
  }
}

function modifiedMs(path: string): number {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}

/** Cores and reports in <directory>, oldest first, or a sentence. */
function filesIn(directory: string): string[] | string {
  let entries: Dirent[];
  try {
    entries = readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    return `${directory} cannot be read: ${(error as NodeJS.ErrnoException).code ?? error}`;
  }
  const files = entries.filter((one) => one.isFile()).slice(0, ENTRIES_MAX);
  const found = files
    .map(({ name }) => join(directory, name))
    .filter((path) => isCore(path) || isReport(path))
    .map((path) => ({ path, ms: modifiedMs(path) }))
    .sort((a, b) => a.ms - b.ms)
    .slice(-SUBJECTS_MAX);
  if (found.length === 0) return `${directory} holds neither a core nor a report of Sluice's`;
  return found.map(({ path }) => path);
}

/** The files that <word> stands for, or a sentence; a process stands for itself. */
export function filesOf(word: string): readonly string[] | string {
  if (isProcess(word)) return [word];
  try {
    const facts = statSync(word);
    if (facts.isDirectory()) return filesIn(word);
    if (!facts.isFile()) return `${word} is neither a file nor a directory`;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? `there is no file ${word}` : `${word} cannot be opened: ${code ?? error}`;
  }
  return [word];
}

export function isProcess(word: string): boolean {
  return /^\d{1,10}$/.test(word);
}

export function examine(subject: string): Examination | string {
  if (isProcess(subject)) return examineProcess(Number(subject));
  return isReport(subject) ? examineReport(subject) : examineCore(subject);
}

/** One death leaves a core and a report; the core tells more. In the order of the deaths. */
export function withoutTwins(found: readonly Examination[]): Examination[] {
  const deaths = new Map<string, Examination>();
  for (const one of found) {
    const key = one.kind === 'process' ? one.subject : `${one.pid} ${one.startedMs}`;
    if (deaths.get(key)?.kind !== 'core') deaths.set(key, one);
  }
  return [...deaths.values()].sort((a, b) => a.diedMs - b.diedMs);
}
