/** The words of `sluice prove-reload`. */
import { expect, test } from 'vitest';
import { readOptions } from './options.ts';

test('a file is all it needs', () => {
  expect(readOptions(['a.cfg'])).toEqual({
    options: {
      files: ['a.cfg'],
      peer: '',
      isJson: false,
      seconds: 5,
      connections: 32,
      path: '/',
      host: 'localhost',
      moves: ['still', 'restart', 'overlap', 'reload', 'transfer'],
    },
  });
});

test('everything said', () => {
  const words =
    '-f a.cfg b.cfg --peer haproxy --seconds 2 --moves transfer,reload --json --path /x --host h'.split(' ');
  expect(readOptions(words)).toMatchObject({
    options: {
      files: ['a.cfg', 'b.cfg'],
      peer: 'haproxy',
      seconds: 2,
      moves: ['reload', 'transfer'],
      isJson: true,
    },
  });
});

test.each([
  [[], /no configuration was named/],
  [['a', '--seconds', '0'], /--seconds takes a whole number from 1 to 600, not '0'/],
  [['a', '--moves', 'jump'], /--moves does not know 'jump'; it knows still, restart/],
  [['a', '--path', 'x'], /--path takes a path/],
  [['a', '--host', 'a b'], /--host takes a name/],
  [['a', '--fast'], /^sluice prove-reload: Unknown option '--fast'\nSee/],
])('%j is wrong', (words, reason) => {
  expect(readOptions(words)).toEqual({ wrong: expect.stringMatching(reason) });
});

test('--help is the usage', () => {
  expect(readOptions(['--help'])).toEqual({ usage: expect.stringContaining('Usage : sluice prove-reload') });
});
