/** Names for the frames of a report: which modules count, and what is said when there are none. With real files: test/crash. */
import { describe, expect, test } from 'vitest';
import { modulesOf, namedStack } from './frame-names.ts';

const ID = 'ab'.repeat(20);
const MODULES = modulesOf([
  '0x000000000000 node ebeaf2df364d5eeb7096f0f7722a69eec6efdf3b',
  `0x7f8294415000 /nowhere at all/sluice.node ${ID}`,
  'no module at all',
]);
const STACK = ['#0   0x7f8294421697 /nowhere at all/sluice.node+0xc697', '#1   0x000000d3a3b0 node+0xd3a3b0'];

describe('frames of a report', () => {
  test('modules have a path, which may hold spaces, and a build', () => {
    expect(MODULES).toHaveLength(2);
    expect(MODULES[1]).toEqual({ path: '/nowhere at all/sluice.node', buildId: ID });
  });

  test('stay numbers when no file is of that build, and a sentence says so', () => {
    const fault = `functions have no names: the report is of /nowhere at all/sluice.node, build ${ID.slice(0, 12)}, and it is not here`;
    expect(namedStack(STACK, MODULES, [])).toEqual({ lines: STACK, fault });
    expect(namedStack(STACK, MODULES, ['/etc/passwd'])).toEqual({ lines: STACK, fault });
  });

  test.each([
    ['of others than the addon', [STACK[1] as string], MODULES],
    ['of a module that is not listed', STACK, []],
    [
      'that are none',
      ['', '#0 [js] f', '#0   0xzz x.node+0x', `#0   0x1 x.node+0x${'f'.repeat(40)}`],
      MODULES,
    ],
  ])('%s are left alone', (_, stack, modules) => {
    expect(namedStack(stack, modules, [])).toEqual({ lines: stack, fault: '' });
  });
});
