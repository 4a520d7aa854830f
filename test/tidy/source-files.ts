/** What the tidy test reads: the project's own text files, as git knows them or would, each with its lines. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface SourceFile {
  /** Relative to the project, with slashes. */
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
}

/** One thing that breaks a rule, as `file:line: what`. */
export type Fault = string;

const root = fileURLToPath(new URL('../..', import.meta.url));

const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
  maxBuffer: 64 << 20,
});

/** Every file whose path matches, in order. */
export function sourceFiles(pattern: RegExp): SourceFile[] {
  const paths = [...new Set(listed.split('\n'))].filter((path) => pattern.test(path)).sort();
  return paths
    .filter((path) => existsSync(join(root, path)))
    .map((path) => {
      const text = readFileSync(join(root, path), 'utf8');
      return { path, text, lines: text.replace(/\n$/, '').split('\n') };
    });
}

/** Faults of every line of <file> that <judge> has something to say about. */
export function judgeLines(file: SourceFile, judge: (line: string) => string | undefined): Fault[] {
  return file.lines.flatMap((line, index) => {
    const what = judge(line);
    return what === undefined ? [] : [`${file.path}:${index + 1}: ${what}`];
  });
}

/** The line, from 1, that holds the character at <offset>. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}
