/** The only place that reads configuration files: every file once, in the order of the command line; a directory's `*.cfg` in the
 * order of their names. Runs on the main thread only.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { SourceFile } from './lines.ts';
import { type Seen, see } from './seen.ts';

/** A configuration file may have so many bytes. */
export const FILE_MAX_BYTES = 256 * 1024 * 1024;

export interface ReadResult {
  readonly files: readonly SourceFile[];
  /** What could not be read, as sentences. */
  readonly errors: readonly string[];
  readonly seen: Seen[];
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'No such file or directory',
  EACCES: 'Permission denied',
  EISDIR: 'Is a directory',
  ENOTDIR: 'Not a directory',
  ELOOP: 'Too many levels of symbolic links',
  EMFILE: 'Too many open files',
};

/** The system's words for <error>. */
export function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return REASONS[code] ?? (error as Error).message;
}

/** Names of the files that <path> stands for: itself, or the *.cfg of a directory but for hidden ones. */
function expand(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  const names = readdirSync(path).filter((name) => name.endsWith('.cfg') && !name.startsWith('.'));
  return names
    .sort((a, b) => (a < b ? -1 : 1))
    .map((name) => join(path, name))
    .filter((file) => statSync(file).isFile());
}

function readFile(path: string): SourceFile {
  const bytes = readFileSync(path);
  if (bytes.length > FILE_MAX_BYTES) throw new Error(`more than ${FILE_MAX_BYTES} bytes`);
  return { name: path, text: bytes.toString('latin1') };
}

/** Reads what was given by -f and after --. */
export function readConfiguration(paths: readonly string[]): ReadResult {
  const files: SourceFile[] = [];
  const errors: string[] = [];
  const seen: Seen[] = [];
  for (const path of paths) {
    try {
      seen.push(see(path));
      for (const file of expand(path)) {
        if (file !== path) seen.push(see(file));
        files.push(readFile(file));
      }
    } catch (error) {
      errors.push(`Cannot open configuration file/directory ${path} : ${reasonOf(error)}`);
    }
  }
  return { files, errors, seen };
}
