/** `-dK`: every table in HAProxy's format. */
import { expect, it } from 'vitest';
import { dumpKeywords } from './keywords.ts';

const lines = (name: string) => dumpKeywords([name]).trimEnd().split('\n');

it.each([
  ['acl', 'path_beg = path -m beg'],
  ['act', 'http-request set-var*'],
  ['cfg', '\tserver <name> <addr> weight +1'],
  ['cfg', '\toption http-buffer-request [ FE BE HTTP ]'],
  ['cfg', '\thttp-request deny'],
  ['cli', 'show info [WORKER] '],
  ['cnv', 'word(integer,string[,integer]): str => str'],
  ['flt', 'compression [COMP]'],
  ['smp', '[ . . Y Y Y Y Y Y Y Y Y . . . . . . . . . . . ] path: str'],
])('%s has %s', (name, line) => expect(lines(name)).toContain(line));

it('leaves out what is read and announced as not built', () => {
  const left = [
    '\tmaster-worker [no-exit-on-failure]...',
    '\tbind <addr> nice +1',
    '\tserver <name> <addr> slowstart +1',
  ];
  expect(lines('cfg').filter((line) => left.includes(line))).toEqual([]);
});

it('names no keyword twice', () => {
  for (const name of ['acl', 'act', 'cli', 'cnv', 'flt', 'smp']) {
    const all = lines(name).filter((line) => !line.startsWith('#'));
    expect(all.filter((line, i) => all.indexOf(line) !== i)).toEqual([]);
  }
});

it('prints all classes at once, and lists them when asked for another', () => {
  expect(lines('all').filter((line) => line.startsWith('# List'))).toHaveLength(7);
  expect(lines('help')).toContain('smp: sample fetch functions');
});
