/**
 * Storms, long, of the sizes that the project's goals name. `npm run bench:reload -- --size full` runs the same scenarios with
 * other programs beside and keeps the results.
 */
import { expect, test } from 'vitest';
import { type Row, SIZES } from '../../bench/reload/rows.ts';
import { endurance, SCENARIOS } from '../../bench/reload/storms.ts';
import { brands } from './storm-lab.ts';

/** At one a second; SLUICE_SOAK_RELOADS for a shorter hour. */
const RELOADS = Number(process.env['SLUICE_SOAK_RELOADS'] ?? 3600);
const STORM_MS = 1_200_000;
const ENDURANCE_MS = RELOADS * 3000 + 300_000;
/** What an allocator may keep after thousands of processes have come and gone. */
const GROWTH_MAX_KB = 40_960;

async function measured(scenario: string): Promise<Row> {
  const row = await SCENARIOS[scenario]?.(brands.sluice(), SIZES.full);
  if (row === undefined) throw new Error(`no scenario ${scenario}`);
  console.log(`${scenario}: ${row.failed} of ${row.requests} failed; ${row.notes.join('; ')}`);
  return row;
}

test.each(['reload-signals', 'reload-paced', 'ab-20', 'ab-10'])(
  '%s: a million requests, 180 generations, none lost',
  async (scenario) => {
    const row = await measured(scenario);
    expect([row.failed, row.examples]).toEqual([0, []]);
    expect(row.requests).toBeGreaterThanOrEqual(scenario.startsWith('ab') ? 20_000 : 1_000_000);
  },
  STORM_MS,
);

test(
  `${RELOADS} reloads at one a second leave everything where it was`,
  async () => {
    const row = await endurance(RELOADS, 1000)(brands.sluice(), SIZES.full);
    console.log(`endurance: ${row.failed} of ${row.requests} failed; ${row.notes.join('; ')}`);
    expect([row.failed, row.examples]).toEqual([0, []]);
    const [, reloads, processes, descriptors, memory] =
      /^(\d+) reloads.*processes (\d+ -> \d+), descriptors (\d+ -> \d+), residentKb (\d+ -> \d+)$/.exec(
        row.notes[0] ?? '',
      ) ?? [];
    const grown = (text = '') => {
      const [before = 0, after = 0] = text.split(' -> ').map(Number);
      return after - before;
    };
    expect(Number(reloads)).toBe(RELOADS);
    expect(grown(processes)).toBe(0);
    // Connections to clients and servers differ from moment to moment; a leak of one a reload would be thousands.
    expect(grown(descriptors)).toBeLessThan(100);
    expect(grown(memory)).toBeLessThan(GROWTH_MAX_KB);
  },
  ENDURANCE_MS,
);
