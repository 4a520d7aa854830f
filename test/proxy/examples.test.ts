/** Every file under examples/ is a configuration that a person can start from: it must be accepted without a warning. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runSluice } from '../tool/proxy.ts';

const folder = fileURLToPath(new URL('../../examples/', import.meta.url));
const files = readdirSync(folder).filter((name) => name.endsWith('.cfg'));

test.each(files)('%s', async (name) => {
  const result = await runSluice(['-c', '-dW', '-V', '-f', folder + name]);
  expect(result.stderr).not.toMatch(/WARNING|ALERT|NOTICE.*not built/);
  expect(result.code).toBe(0);
});
