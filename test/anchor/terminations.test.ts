/**
 * How a stream ended, in the words of the log: every scripted termination gives the line that HAProxy 3.5 gave, field
 * by field. With HAPROXY_ANCHOR=/path/to/haproxy the scenarios are played against that program instead, and what it
 * said replaces the recording.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { readRecording, recordingPath, scenarios } from './terminations/all.ts';
import { playCalmly } from './terminations/calm.ts';
import { allDifferences } from './terminations/log-line.ts';
import { type Played, playAll, type Recorded } from './terminations/stage.ts';

const anchor = process.env['HAPROXY_ANCHOR'];
const PLAY_BOUND_MS = 600_000;

function record(program: string, lines: Recorded): void {
  const version = execFileSync(program, ['-v'], { encoding: 'utf8' }).split('\n')[0]!;
  writeFileSync(recordingPath, `${JSON.stringify({ version, lines }, null, 1)}\n`);
}

describe('terminations', () => {
  let said: Played;

  beforeAll(async () => {
    said = anchor ? await playAll(scenarios, anchor) : await playCalmly(scenarios, readRecording().lines);
    if (anchor) record(anchor, said.lines);
  }, PLAY_BOUND_MS);

  for (const { name } of scenarios) {
    test(name, () => {
      const wanted = readRecording().lines[name] ?? [];
      const faults = allDifferences(said.lines[name]!, wanted, said.lateMs[name]);
      expect(faults.length, faults.join('\n')).toBe(0);
      expect(wanted.length).toBeGreaterThan(0);
    });
  }
});
