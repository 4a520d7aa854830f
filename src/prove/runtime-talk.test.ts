/** `show proc` as masters write it. */
import { expect, test } from 'vitest';
import { readShowProc } from './runtime-talk.ts';

const HEAD = '#<PID>          <type>          <reloads>       <uptime>        <version>      \n';

test('a master with a worker and old ones', () => {
  const text = `${HEAD}1162            master          5 [failed: 2]   0d00h02m07s     3.5
# workers
1271            worker          1               0d00h00m00s     3.5
# old workers
1233            worker          3               0d00h00m43s     3.4
1234            worker          4               0d00h00m43s     3.4
# programs
`;
  expect(readShowProc(text)).toEqual({
    pid: 1162,
    completed: 3,
    failed: 2,
    workers: [1271],
    oldWorkers: [1233, 1234],
  });
});

test('one that knows no failures', () => {
  expect(readShowProc(`${HEAD}7 master 4 0d 2.4\n# workers\n9 worker 0 0d 2.4\n`)?.completed).toBe(4);
});

test('no master at all', () => {
  expect(readShowProc('Unknown command\n')).toBeUndefined();
});
