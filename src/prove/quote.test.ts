/** What is written is read back as it was. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lexLine } from '../config/lexer.ts';
import { Variables } from '../config/variables.ts';
import { lineOf } from './quote.ts';

const read = (text: string) =>
  lexLine(text, new Variables(new Map([['HOME', 'x']]))).words.map((word) => word.text);

test.each([
  [['http-request', 'return', 'string', 'a b#c'], 'http-request return string a\\ b\\#c'],
  [['acl', 'quoted', '"$HOME\'\\'], 'acl quoted \\"$HOME\\\'\\\\'],
  [['log-format', ''], 'log-format ""'],
])('%j', (words, text) => {
  expect(lineOf(words)).toBe(text);
  expect(read(text)).toEqual(words);
});

test('any words', () => {
  const word = fc.string({ unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)) });
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 8 }), (words) => {
      expect(read(lineOf(words))).toEqual(words);
    }),
  );
});
