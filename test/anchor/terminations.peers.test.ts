/**
 * The same terminations asked of the haproxy that is installed here (Debian's 2.6 in CI) at the same moment. A scenario
 * in which that version itself differs from 3.5 is left to the recording: the two releases do not agree on it.
 */
import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { readRecording, scenarios } from './terminations/all.ts';
import { allDifferences } from './terminations/log-line.ts';
import { playAll, type Recorded } from './terminations/stage.ts';

const peer = '/usr/sbin/haproxy';
const PLAY_BOUND_MS = 240_000;
/** Scenarios on which the two releases have to agree at least; fewer would mean that the peer was not really asked. */
const MIN_AGREEING = 30;

describe.skipIf(!existsSync(peer))('terminations beside the installed haproxy', () => {
  const recording = readRecording().lines;
  let theirs: Recorded;
  let ours: Recorded;

  beforeAll(async () => {
    theirs = await playAll(scenarios, peer);
    ours = await playAll(scenarios);
  }, PLAY_BOUND_MS);

  const agrees = (name: string): boolean => allDifferences(theirs[name]!, recording[name]!).length === 0;

  test(`at least ${MIN_AGREEING} scenarios end alike in both releases`, () => {
    expect(scenarios.filter(({ name }) => agrees(name)).length).toBeGreaterThanOrEqual(MIN_AGREEING);
  });

  for (const { name } of scenarios) {
    test(name, ({ skip }) => {
      if (!agrees(name))
        skip(`the peer differs from 3.5: ${allDifferences(theirs[name]!, recording[name]!).join('; ')}`);
      const faults = allDifferences(ours[name]!, theirs[name]!);
      expect(faults.length, faults.join('\n')).toBe(0);
    });
  }
});
