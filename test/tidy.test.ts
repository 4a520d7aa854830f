/** Style as a test: what a machine can hold of the rules in CONTRIBUTING.md. Each failure lists file, line and rule. */
import { describe, expect, test } from 'vitest';
import * as native from './tidy/native-rules.ts';
import { type Fault, judgeLines, type SourceFile, sourceFiles } from './tidy/source-files.ts';
import * as script from './tidy/typescript-rules.ts';

const MAX_FILE_LINES = 400;
const MAX_COMMENT_WIDTH = 140;

const scripts = sourceFiles(/^(src|test|bench)\/.*\.ts$|^(scripts|bin|bench)\/.*\.[mc]js$/);
const modules = sourceFiles(/^src\/.*(?<!\.test|\.d)\.ts$/);
const natives = sourceFiles(/^native\/.*\.(c|h|cc)$/);
const engine = natives.filter((file) => !file.path.startsWith('native/test/'));
const other = sourceFiles(/^native\/.*\.py$/);

function faultsOf(files: readonly SourceFile[], rule: (file: SourceFile) => Fault[]): Fault[] {
  return files.flatMap(rule);
}

describe('every file', () => {
  test(`has at most ${MAX_FILE_LINES} lines`, () => {
    const tooLong = [...scripts, ...natives, ...other].filter(
      (file) => file.lines.length > MAX_FILE_LINES && !/\b(generated|made) by\b/i.test(file.lines[0] ?? ''),
    );
    expect(tooLong.map((file) => `${file.path}: ${file.lines.length} lines`)).toEqual([]);
  });

  test('begins by telling its idea', () => {
    const silent = [...scripts, ...natives].filter((file) => !/^(#!.*\n)?(\/\*|\/\/|\/\/\/)/.test(file.text));
    expect(silent.map((file) => file.path)).toEqual([]);
  });

  test('leaves nothing for later', () => {
    const mark = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].join('|')})\\b`);
    const rule = (file: SourceFile) => judgeLines(file, (line) => mark.exec(line)?.[0]);
    expect(faultsOf([...scripts, ...natives, ...other], rule)).toEqual([]);
  });

  test('is named like the keywords: small letters and hyphens', () => {
    const rule = /^([a-z0-9][a-z0-9-]*)(\.[a-z]+)*\.ts$/;
    expect(
      scripts
        .filter((file) => file.path.endsWith('.ts') && !rule.test(file.path.split('/').pop() ?? ''))
        .map((f) => f.path),
    ).toEqual([]);
  });
});

describe('TypeScript', () => {
  test('imports from layers below', () => {
    expect(faultsOf(modules, script.layerFaults)).toEqual([]);
  });

  test('imports name their files with .ts', () => {
    expect(faultsOf(scripts, script.importEndingFaults)).toEqual([]);
  });

  test('modules do nothing when imported', () => {
    expect(faultsOf(modules, script.sideEffectFaults)).toEqual([]);
  });

  test(`functions have at most ${script.MAX_FUNCTION_LINES} lines`, () => {
    const judged = scripts.filter((file) => !file.path.endsWith('.test.ts'));
    expect(faultsOf(judged, script.functionLengthFaults)).toEqual([]);
  });

  test('names use the words of the house', () => {
    expect(faultsOf(modules, script.wordFaults)).toEqual([]);
  });

  test('hot-path files have no async, closures, spread, array callbacks or JSON', () => {
    expect(faultsOf(modules, script.hotPathFaults)).toEqual([]);
  });

  test(`lines of comments fit in ${MAX_COMMENT_WIDTH} columns`, () => {
    const rule = (file: SourceFile) =>
      judgeLines(file, (line) =>
        line.length > MAX_COMMENT_WIDTH && /^\s*(\/\/|\*|\/\*)/.test(line)
          ? `${line.length} columns`
          : undefined,
      );
    expect(faultsOf(modules, rule)).toEqual([]);
  });
});

describe('C', () => {
  test(`functions have at most ${native.MAX_FUNCTION_LINES} lines`, () => {
    expect(faultsOf(engine, native.functionLengthFaults)).toEqual([]);
  });

  test(`lines have no tabs, no trailing space and at most ${native.MAX_LINE_WIDTH} columns`, () => {
    expect(faultsOf(natives, native.lineFaults)).toEqual([]);
  });

  test('names use the words of the house', () => {
    expect(faultsOf(engine, native.wordFaults)).toEqual([]);
  });

  test(`asserts at least ${native.MIN_ASSERTIONS_PER_FUNCTION} things a function, over each folder`, () => {
    expect(native.assertionFaults(engine)).toEqual([]);
  });
});

describe('the rules can fail', () => {
  const file = (path: string, text: string): SourceFile => ({ path, text, lines: text.split('\n') });

  test('a lower layer that imports an upper one', () => {
    const wrong = file('src/base/a.ts', "import { x } from '../stream/x.ts';\n");
    expect(script.layerFaults(wrong)).toEqual(['src/base/a.ts:1: base may not import stream']);
    expect(script.layerFaults(file('src/stream/a1.ts', "import { x } from '../base/x.ts';\n"))).toEqual([]);
    expect(script.layerFaults(file('src/log/a.ts', "import x from 'node:fs';\n"))[0]).toContain(
      'node:fs is for',
    );
  });

  test('a module that acts, a closure on the hot path, a word of other houses', () => {
    expect(script.sideEffectFaults(file('src/base/b.ts', 'start();\n'))).toEqual([
      'src/base/b.ts:1: runs when imported',
    ]);
    const hot = file(
      'src/base/c.ts',
      '/** Hot path. */\nfunction f(a) {\n  return a.map((x) => [...x]);\n}\n',
    );
    expect(script.hotPathFaults(hot)).toHaveLength(3);
    expect(script.wordFaults(file('src/base/d.ts', 'const eventHandler = 1;\n'))[0]).toContain('Handler');
  });

  test('a long C function', () => {
    const long = file('native/a/a.c', `int f(void)\n{\n${'    x();\n'.repeat(70)}}\n`);
    expect(native.functionLengthFaults(long)).toEqual(['native/a/a.c:1: a function of 72 lines']);
  });
});
