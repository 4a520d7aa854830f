// The last line of .ci/run: all tests of a run as `N passed, N failed, N skipped`. Counts vitest's JSON reports and each
// native program as one test, however many thousand things it checked (it says so itself); a part that failed without
// counting anything is one failure.
//   node scripts/ci-sum.mjs <folder of reports> <parts that failed>
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder, failedParts] = process.argv.slice(2);
const sum = { passed: 0, failed: 0, skipped: 0 };

for (const name of readdirSync(folder)) {
  const text = readFileSync(join(folder, name), 'utf8');
  if (name.endsWith('.json')) {
    const report = JSON.parse(text);
    sum.passed += report.numPassedTests;
    sum.failed += report.numFailedTests;
    sum.skipped += report.numPendingTests + report.numTodoTests;
  } else if (name === 'fuzz.log') {
    sum.passed += text.match(/^== fuzz_/gm)?.length ?? 0;
  } else if (name === 'native.log') {
    sum.skipped += text.match(/^skipped: /gm)?.length ?? 0;
    for (const [, passed, failed] of text.matchAll(/(\d+) passed, (\d+) failed/g)) {
      if (Number(passed) > 0 && Number(failed) === 0) sum.passed++;
      else sum.failed++;
    }
  }
}

if (Number(failedParts) > 0 && sum.failed === 0) sum.failed = Number(failedParts);
console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
process.exitCode = sum.failed === 0 && sum.passed > 0 ? 0 : 1;
