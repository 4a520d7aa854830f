/** A data thread may end at any moment: terminated from outside, also in the middle of a batch, by an exception of policy, by
 * process.exit() in it or in main. Nothing aborts, nothing hangs, no connection and no buffer stays behind.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const PROGRAM = fileURLToPath(new URL('./thread-ends-program.mjs', import.meta.url));
const ROUNDS = 30;
const EXITS = 5;
const BOUND_MS = 180_000;
const EXIT_CODE = 7;

test.each(['terminate', 'throw', 'exit', 'spin'])(
  `${ROUNDS} ends under load by %s`,
  async (how) => {
    const { stdout, stderr } = await run(process.execPath, [PROGRAM, how, String(ROUNDS)], {
      timeout: BOUND_MS,
    });
    expect(stderr).toBe('');
    expect(stdout).toBe(`${ROUNDS} ends by ${how}: connections left 0, pool bytes left 0\n`);
  },
  BOUND_MS,
);

test(
  `process.exit() under load, ${EXITS} times`,
  async () => {
    for (let round = 0; round < EXITS; round++) {
      const ended = await run(process.execPath, [PROGRAM, 'process-exit', '1'], { timeout: BOUND_MS }).catch(
        (error) => error,
      );
      expect({ code: ended.code, signal: ended.signal ?? null, stderr: ended.stderr }).toEqual({
        code: EXIT_CODE,
        signal: null,
        stderr: '',
      });
    }
  },
  BOUND_MS,
);
