/**
 * The rules of the house for C, read off its lines: a function's body opens with a brace in the first column and
 * closes with one, so a counter is enough.
 */
import { type Fault, judgeLines, type SourceFile } from './source-files.ts';

export const MAX_LINE_WIDTH = 120;
export const MAX_COMMENT_WIDTH = 140;
export const MAX_FUNCTION_LINES = 60;
/** Over all functions of a folder that are longer than these lines, braces counted. */
const MAX_TRIVIAL_LINES = 8;
export const MIN_ASSERTIONS_PER_FUNCTION = 2;

const bannedWords = /\b\w*(upstream|downstream|middleware|manager|helper|utils)\w*\b/i;
const bannedHandler = /\b(?!sa_handler\b|\w*sighandler_t\b)\w*handler\w*\b/i;
const assertion = /\b(BUG_ON|CHECK_[A-Z0-9_]+|STATIC_ASSERT|static_assert|assert)\s*\(/g;

interface NativeFunction {
  readonly line: number;
  readonly lineCount: number;
}

/** Every function with a body, from the line of its opening brace. */
export function functionsOf(file: SourceFile): NativeFunction[] {
  const found: NativeFunction[] = [];
  let openedAt = -1;
  file.lines.forEach((line, index) => {
    if (line === '{') openedAt = index;
    else if (line === '}' && openedAt >= 0) {
      found.push({ line: openedAt, lineCount: index - openedAt + 1 });
      openedAt = -1;
    }
  });
  return found;
}

export function functionLengthFaults(file: SourceFile): Fault[] {
  return functionsOf(file)
    .filter(({ lineCount }) => lineCount > MAX_FUNCTION_LINES)
    .map(({ line, lineCount }) => `${file.path}:${line}: a function of ${lineCount} lines`);
}

export function lineFaults(file: SourceFile): Fault[] {
  return judgeLines(file, (line) => {
    if (line.includes('\t')) return 'a tab';
    const width = /^\s*(\/\*|\*|\/\/)/.test(line) ? MAX_COMMENT_WIDTH : MAX_LINE_WIDTH;
    if (line.length > width) return `${line.length} columns`;
    if (/\s$/.test(line)) return 'space at the end';
    return undefined;
  });
}

export function wordFaults(file: SourceFile): Fault[] {
  const withoutText = (line: string) =>
    line.replace(/"(\\.|[^"\\])*"/g, '""').replace(/\/\/.*$|\/\*.*?\*\//g, '');
  return judgeLines(file, (line) => {
    if (/^\s*\*/.test(line)) return undefined;
    const banned = bannedWords.exec(withoutText(line)) ?? bannedHandler.exec(withoutText(line));
    return banned ? `${banned[0]} is not a word of ours` : undefined;
  });
}

/** Folders whose code asserts less than the house wants, with their figures. */
export function assertionFaults(files: readonly SourceFile[]): Fault[] {
  const perFolder = new Map<string, { functions: number; assertions: number }>();
  for (const file of files) {
    if (!/^native\/[^/]+\/.*\.[ch]$/.test(file.path)) continue;
    const folder = file.path.split('/').slice(0, 2).join('/');
    const sum = perFolder.get(folder) ?? { functions: 0, assertions: 0 };
    sum.functions += functionsOf(file).filter(({ lineCount }) => lineCount > MAX_TRIVIAL_LINES).length;
    sum.assertions += file.text.match(assertion)?.length ?? 0;
    perFolder.set(folder, sum);
  }
  return [...perFolder]
    .filter(([, sum]) => sum.assertions < sum.functions * MIN_ASSERTIONS_PER_FUNCTION)
    .map(([folder, sum]) => `${folder}: ${sum.assertions} assertions in ${sum.functions} functions`);
}
