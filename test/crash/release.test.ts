/** The release has no fault on purpose in it: judged by symbols and strings, which the build with faults does have. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const MARKS = ['SLUICE_FAULT_URI', 'fault_encode', 'fault_request', 'injected fault', 'overrun-96'];

function marksIn(path: string): string[] {
  const bytes = readFileSync(join(root, path));
  return MARKS.filter((mark) => bytes.includes(mark));
}

test('the release addon knows no fault', () => {
  expect(marksIn('build/Release/sluice.node')).toEqual([]);
});

const isBuilt = existsSync(join(root, 'build/faults/sluice.node'));
test.skipIf(!isBuilt)('the build with faults (npm run build:faults) has all of them', () => {
  expect(marksIn('build/faults/sluice.node')).toEqual(MARKS);
});
