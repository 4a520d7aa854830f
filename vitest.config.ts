// Five suites by what they need: unit (nothing but Node, seconds), proxy (the built program), peers (programs
// installed beside it: haproxy, nginx, curl, chromium), image (root, buildah and debootstrap: builds Dockerfile.debug)
// and soak (long; never in CI).
import { defineConfig } from 'vitest/config';

const peers = '**/*.peers.test.ts';
const soak = '**/*.soak.test.ts';
const image = '**/*.image.test.ts';
const ignored = ['**/node_modules/**', 'dist/**', 'build/**'];
const withoutProgram = ['src/**/*.test.ts', 'test/*.test.ts', 'test/{tool,house,config,gzip}/**/*.test.ts'];
const wholeProgram = ['test/*/**/*.test.ts', 'bench/**/*.test.ts'];

/** Hooks start and stop programs: a busy machine may take its time for it. */
const HOOK_MAX_MS = 120_000;

export default defineConfig({
  test: {
    reporters: process.env.CI ? ['default'] : ['dot'],
    projects: [
      {
        test: {
          name: 'unit',
          include: withoutProgram,
          exclude: [...ignored, peers, image, soak],
          testTimeout: 60_000,
          hookTimeout: HOOK_MAX_MS,
        },
      },
      {
        test: {
          name: 'proxy',
          include: wholeProgram,
          exclude: [...ignored, peers, image, soak, ...withoutProgram],
          pool: 'forks',
          maxWorkers: 2,
          // After the unit tests: vitest refuses projects with different numbers of workers in one group.
          sequence: { groupOrder: 1 },
          testTimeout: 120_000,
          hookTimeout: HOOK_MAX_MS,
        },
      },
      {
        test: {
          name: 'peers',
          include: [peers],
          exclude: ignored,
          pool: 'forks',
          maxWorkers: 1,
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: HOOK_MAX_MS,
        },
      },
      {
        test: {
          name: 'image',
          include: [image],
          exclude: ignored,
          pool: 'forks',
          maxWorkers: 1,
          testTimeout: 300_000,
          hookTimeout: HOOK_MAX_MS,
        },
      },
      {
        test: {
          name: 'soak',
          include: [soak],
          exclude: ignored,
          pool: 'forks',
          maxWorkers: 1,
          fileParallelism: false,
          testTimeout: 3_600_000,
          hookTimeout: HOOK_MAX_MS,
        },
      },
    ],
  },
});
