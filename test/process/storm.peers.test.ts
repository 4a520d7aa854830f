/**
 * The same storms with ab, haproxy and nginx beside: the field reports' own loops, takeover from a running haproxy and by one,
 * and what the others lose. What they lose is printed, not judged: it is theirs.
 */
import { expect, onTestFinished } from 'vitest';
import { type Row, SIZES } from '../../bench/reload/rows.ts';
import { SCENARIOS } from '../../bench/reload/storms.ts';
import type { Brand } from '../../src/prove/brand.ts';
import { listenInodes } from '../../src/prove/process-view.ts';
import { failedOf, sumOf } from '../../src/prove/tally.ts';
import { testWith } from '../tool/peer.ts';
import { until } from '../tool/until.ts';
import { brands, Lab } from './storm-lab.ts';

const SHORT = { ...SIZES.quick, generations: 4, abRequests: 5000 };

async function measured(scenario: string, brand: Brand): Promise<Row> {
  const row = await SCENARIOS[scenario]?.(brand, SHORT);
  if (row === undefined) throw new Error(`no scenario ${scenario}`);
  console.log(
    `${scenario}: ${brand.name} ${brand.version}: ${row.failed} of ${row.requests} failed; ${row.notes.join('; ')}`,
  );
  return row;
}

for (const scenario of ['ab-20', 'ab-10', 'ab-keep-alive']) {
  testWith(['ab'], `${scenario}: reloads once a second fail no request`, async () => {
    const row = await measured(scenario, brands.sluice());
    expect(row).toMatchObject({ failed: 0 });
    expect(row.requests).toBeGreaterThan(0);
  });
}

testWith(['haproxy', 'nginx'], 'beside haproxy and nginx', async ([haproxy, nginx]) => {
  const own = await measured('reload-paced', brands.sluice());
  for (const brand of [brands.haproxy(haproxy as string), brands.nginx(nginx as string)]) {
    expect((await measured('reload-paced', brand)).requests).toBeGreaterThan(0);
  }
  expect([own.failed, own.examples]).toEqual([0, []]);
});

/** <first> runs; <next> takes its sockets by -x and serves. */
async function takeover(first: Brand, next: Brand): Promise<void> {
  const lab = await Lab.open(first, { listeners: 300 });
  onTestFinished(() => lab.end());
  const run = await lab.start('single');
  const before = listenInodes(lab.ports);
  const load = lab.load();
  await run.replace(true, next);
  const asked = async () => sumOf('all', await load.look()).answered;
  const atTakeover = await asked();
  await until(async () => (await asked()) > atTakeover + 500, undefined, '500 answers of the next process');
  const total = sumOf('all', await load.stop());
  expect(listenInodes(lab.ports)).toEqual(before);
  expect(total.failures).toMatchObject({ refused: 0, reset: 0, wrong: 0, serverError: 0, late: 0 });
  console.log(`${first.name} -> ${next.name}: ${failedOf(total)} of ${total.requests} failed`);
}

testWith(['haproxy'], 'a running haproxy gives its 300 listeners to sluice', ([haproxy]) =>
  takeover(brands.haproxy(haproxy as string), brands.sluice()),
);

testWith(['haproxy'], 'a running sluice gives its 300 listeners to haproxy', ([haproxy]) =>
  takeover(brands.sluice(), brands.haproxy(haproxy as string)),
);
