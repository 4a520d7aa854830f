/** A line and the words it is cut into: quotes, escapes, variables, columns. */
import { describe, expect, it } from 'vitest';
import { lexLine } from './lexer.ts';
import { Variables } from './variables.ts';

const variables = new Variables(
  new Map([
    ['A', 'alpha'],
    ['LIST', ' one  two three '],
    ['EMPTY', ''],
    ['P', '8080'],
  ]),
);
variables.at.file = 'x.cfg';
variables.at.line = 7;
variables.at.section = 'www';

const words = (line: string) => lexLine(line, variables).words.map((word) => word.text);
const failure = (line: string) => {
  const { error, column } = lexLine(line, variables);
  return [error, column];
};

describe('words', () => {
  it.each([
    ['', []],
    ['   \t ', []],
    ['bind :80', ['bind', ':80']],
    ['\tbind\t :80  ', ['bind', ':80']],
    ['a#comment', ['a']],
    ['a # b', ['a']],
    ['a "#" \'#\' \\#', ['a', '#', '#', '#']],
    ['a\\ b c', ['a b', 'c']],
    ['"a b" \'c d\'', ['a b', 'c d']],
    ['a"b c"d', ['ab cd']],
    [`"it's" 'say "x"'`, ["it's", 'say "x"']],
    ['\\x41\\x0a "\\x42"', ['A\n', 'B']],
    ["'\\x41\\n'", ['\\x41\\n']],
    ['\\n\\r\\t\\\\', ['\n\r\t\\']],
    ['\\1 \\d', ['\\1', '\\d']],
    ['a\r', ['a']],
    ['"" b', ['', 'b']],
    ['%{+Q}o\\ %t', ['%{+Q}o %t']],
    ['"%{+Q}o %t"\' %s\'\\ %{-Q}r', ['%{+Q}o %t %s %{-Q}r']],
    [
      `http-request set-var(txn.foo) str(\\"\\'foo\\'\\")`,
      ['http-request', 'set-var(txn.foo)', `str("'foo'")`],
    ],
  ])('%j', (line, expected) => expect(words(line)).toEqual(expected));

  it('remember their columns, quotes included', () => {
    expect(lexLine('  bind "a b" c', variables).words.map((word) => word.column)).toEqual([2, 7, 13]);
  });
  it('are at most 64', () => {
    expect(lexLine(Array(64).fill('w').join(' '), variables).error).toBeUndefined();
    expect(failure(Array(65).fill('w').join(' '))).toEqual(['words', 128]);
  });
});

describe('variables', () => {
  it.each([
    ['"$A"', ['alpha']],
    ['"${A}b"', ['alphab']],
    ['$A ${A}', ['$A', '${A}']],
    ["'$A'", ['$A']],
    ['"\\$A"', ['$A']],
    ['"${NONE-fallback it}"', ['fallback it']],
    ['"${A-fallback}"', ['alpha']],
    ['"${EMPTY-fallback}"', ['']],
    ['"${NONE-}"', ['']],
    ['"$NONE"', ['']],
    ['"fd@${P}"', ['fd@8080']],
    ['x "${LIST[*]}" y', ['x', 'one', 'two', 'three', 'y']],
    ['x"${LIST[*]}"y', ['x', 'one', 'two', 'three', 'y']],
    ['"a${LIST}b"', ['a one  two three b']],
    ['x "${NONE[*]}" y', ['x', 'y']],
    ['"${.FILE}:${.LINE} $.SECTION"', ['x.cfg:7 www']],
  ])('%j', (line, expected) => expect(words(line)).toEqual(expected));
});

describe('what a line may not hold', () => {
  it.each([
    ['a "b', ['quote', 2]],
    ["a 'b", ['quote', 2]],
    ['"${A"', ['brace', 2]],
    ['"${A-x"', ['brace', 2]],
    ['"$1"', ['name', 2]],
    ['"$"', ['name', 2]],
    ['"$.NOPE"', ['name', 2]],
    ['"${A[1]}"', ['expansion', 4]],
    ['\\x4', ['hex', 0]],
    ['b \\xzz', ['hex', 2]],
  ])('%j', (line, expected) => expect(failure(line)).toEqual(expected));

  it('names the variable that gave an empty word', () => {
    const line = lexLine('bind "$NONE"', variables);
    expect([line.column, line.emptyVariable]).toEqual([5, 'NONE']);
  });
});
