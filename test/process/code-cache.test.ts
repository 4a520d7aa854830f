/** A start is as fast as it is because V8 takes compiled code from a cache (dist/*.cache). V8 refuses one without a word when any of
 * its flags differs, so that a flag set at the wrong moment costs every start 30 ms a thread, and nothing else tells.
 */
import { createRequire } from 'node:module';
import { Script } from 'node:vm';
import { expect, test } from 'vitest';
import { Regex } from '../../src/pattern/regex.ts';

interface Boot {
  compile(name: string): { script: Script };
}

const { compile } = createRequire(import.meta.url)('../../bin/boot.cjs') as Boot;

/** V8's hash of its flags, as every cache carries it. */
const flagsHash = (): number => new Script('1').createCachedData().readUInt32LE(12);

test.each(['sluice-early', 'sluice-control', 'sluice-master', 'sluice-data'])(
  'V8 takes the cache of %s',
  (name) => {
    expect(compile(name).script.cachedDataRejected).toBe(false);
  },
);

test('a regex that is only read changes no flag; one that is used does', () => {
  const before = flagsHash();
  const regex = new Regex('^(a+)+$');
  expect(flagsHash()).toBe(before);
  expect(regex.test('aaaa')).toBe(true);
  expect(flagsHash()).not.toBe(before);
});
