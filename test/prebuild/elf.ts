/** What binutils say of a shared object, as far as the tests of the prebuilt addons ask. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { TestContext } from 'vitest';
import { testWith } from '../tool/peer.ts';

export interface Import {
  readonly name: string;
  /** A program may do without it. */
  readonly isWeak: boolean;
  /** As in GLIBC_2.17; undefined when any will do. */
  readonly version: string | undefined;
}

/** What <command> prints; throws what it complains of. */
export function outputOf(command: string, words: readonly string[]): string {
  const run = spawnSync(command, words, { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (run.status !== 0) throw new Error(`${command} ${words.join(' ')}: ${run.stderr}${run.stdout}`);
  return run.stdout;
}

/** The libraries that <file> names as needed. */
export function neededBy(file: string): string[] {
  return [...outputOf('readelf', ['-dW', file]).matchAll(/\(NEEDED\).*\[(.*)\]/g)].map(([, name]) => name!);
}

/** The functions and variables that <file> expects others to have. */
export function importsOf(file: string): Import[] {
  const lines = outputOf('nm', ['-D', '--undefined-only', file]).trim().split('\n');
  return lines.map((line) => {
    const [, kind, name, version] = /^\s*([A-Za-z]) ([^@\s]+)(?:@+(\S+))?/.exec(line) ?? [];
    return { name: name as string, isWeak: kind === 'w' || kind === 'v', version };
  });
}

/** The names that <file> gives to others. */
export function exportsOf(file: string): string[] {
  const lines = outputOf('nm', ['-D', '--defined-only', file]).trim().split('\n');
  return lines.map((line) => (line.split(/\s+/).at(-1) as string).replace(/@.*/, ''));
}

/** Where the prebuilt addon of a target lies. */
export function prebuilt(target: string): string {
  return fileURLToPath(new URL(`../../prebuilds/${target}/sluice.node`, import.meta.url));
}

/** A test of the prebuilt addon of <target>, skipped by name where there is none. */
export function testOf(
  target: string,
  programs: readonly string[],
  title: string,
  body: (file: string, paths: string[], context: TestContext) => Promise<void> | void,
): void {
  const file = prebuilt(target);
  const isThere = existsSync(file);
  const missing = isThere ? programs : [...programs, `prebuilds/${target}: npm run prebuilds`];
  testWith(missing, `${target}: ${title}`, (paths, context) => body(file, paths, context));
}
