/**
 * The same terminations asked of the haproxy that is installed here (Debian's 2.6 in CI) at the same moment. A scenario
 * in which that version itself differs from 3.5 is left to the recording: the two releases do not agree on it.
 */
import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { readRecording, scenarios } from './terminations/all.ts';
import { playCalmly } from './terminations/calm.ts';
import { allDifferences, TIMER_TOLERANCE_MS } from './terminations/log-line.ts';
import type { Played } from './terminations/stage.ts';

const peer = '/usr/sbin/haproxy';
const PLAY_BOUND_MS = 900_000;
/** Scenarios on which the two releases have to agree at least; fewer would mean that the peer was not really asked. */
const MIN_AGREEING = 30;

describe.skipIf(!existsSync(peer))('terminations beside the installed haproxy', () => {
  const recording = readRecording().lines;
  let theirs: Played;
  let ours: Played;

  beforeAll(async () => {
    theirs = await playCalmly(scenarios, recording, peer);
    ours = await playCalmly(scenarios, recording);
  }, PLAY_BOUND_MS);

  const theirFaults = (name: string): string[] =>
    allDifferences(theirs.lines[name]!, recording[name]!, theirs.lateMs[name]);
  const agrees = (name: string): boolean => theirFaults(name).length === 0;

  test(`at least ${MIN_AGREEING} scenarios end alike in both releases`, () => {
    expect(scenarios.filter(({ name }) => agrees(name)).length).toBeGreaterThanOrEqual(MIN_AGREEING);
  });

  for (const { name } of scenarios) {
    test(name, ({ skip }) => {
      if (!agrees(name)) skip(`the peer differs from 3.5: ${theirFaults(name).join('; ')}`);
      // Each may be off the recording by as much, to either side.
      const lateMs = ours.lateMs[name]! + theirs.lateMs[name]! + TIMER_TOLERANCE_MS;
      const faults = allDifferences(ours.lines[name]!, theirs.lines[name]!, lateMs);
      expect(faults.length, faults.join('\n')).toBe(0);
    });
  }
});
