/** `npm run bench:reload`: which programs, which scenarios, how long; prints each row as it comes and writes the results. */
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { type Brand, findProgram } from '../../src/prove/brand.ts';
import { grouped } from '../../src/prove/table.ts';
import { brands } from '../../test/process/storm-lab.ts';
import { describeMachine } from '../proxy/machine.ts';
import { type Results, saveResults } from './results.ts';
import { type Row, SIZES } from './rows.ts';
import { endurance, lacks, SCENARIOS, type Scenario } from './storms.ts';

const USAGE = `npm run bench:reload -- [options]
  --size quick|usual|full   quick: does it work? full: one million requests, 180 generations, 20 kills (default usual)
  --scenario a,b            of ${Object.keys(SCENARIOS).join(', ')}, endurance (default: all but endurance)
  --only a,b                of sluice, haproxy, haproxy-debian, nginx (default: all that are installed)
  --haproxy PATH            the haproxy to compare with (default: none but Debian's)
  --reloads N               of endurance (default 3600)
  --every MS                a reload of endurance begins so often, when the one before is done (default 1000)
  --slice NAME              a part of a long run: its rows do not replace those of other parts
  --out DIRECTORY           (default bench/results); --no-save writes nothing`;

function found(haproxy: string): Brand[] {
  const path = process.env['PATH'] ?? '';
  const debian = findProgram('haproxy', path);
  const nginx = findProgram('nginx', path);
  return [
    brands.sluice(),
    ...(haproxy === '' ? [] : [brands.haproxy(haproxy)]),
    ...(debian === undefined ? [] : [brands.haproxy(debian, 'haproxy-debian')]),
    ...(nginx === undefined ? [] : [brands.nginx(nginx)]),
  ];
}

async function measure(
  name: string,
  scenario: Scenario,
  brand: Brand,
  size: keyof typeof SIZES,
): Promise<Row | undefined> {
  const why = lacks(brand, name);
  if (why !== '') {
    console.log(`${name.padEnd(16)} ${brand.name.padEnd(16)} ${why}`);
    return undefined;
  }
  try {
    const row = await scenario(brand, SIZES[size]);
    const lost = row.requests > 0 ? `${grouped(row.failed)} failed of ${grouped(row.requests)}; ` : '';
    console.log(`${name.padEnd(16)} ${brand.name.padEnd(16)} ${lost}${row.notes.join('; ')}`);
    for (const example of row.examples.slice(0, 2)) console.log(`${' '.repeat(34)}${example}`);
    return row;
  } catch (error) {
    console.log(
      `${name.padEnd(16)} ${brand.name.padEnd(16)} not measured: ${(error as Error).message.split('\n')[0]}`,
    );
    return undefined;
  }
}

export async function main(argv: readonly string[], root: string): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      size: { type: 'string', default: 'usual' },
      scenario: { type: 'string', default: Object.keys(SCENARIOS).join(',') },
      only: { type: 'string', default: '' },
      haproxy: { type: 'string', default: '' },
      reloads: { type: 'string', default: '3600' },
      every: { type: 'string', default: '1000' },
      slice: { type: 'string', default: '' },
      out: { type: 'string', default: `${root}/bench/results` },
      'no-save': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help || !(values.size in SIZES)) {
    console.log(USAGE);
    return values.help ? 0 : 1;
  }
  const known: Record<string, Scenario> = {
    ...SCENARIOS,
    endurance: endurance(Number(values.reloads), Number(values.every)),
  };
  const wanted = values.only === '' ? undefined : values.only.split(',');
  const candidates = found(values.haproxy).filter((brand) => wanted?.includes(brand.name) ?? true);
  const rows: Results['rows'][number][] = [];
  for (const name of values.scenario.split(',')) {
    const scenario = known[name];
    if (scenario === undefined) throw new Error(`no scenario ${name}\n${USAGE}`);
    for (const brand of candidates) {
      const [loadAverage = 0] = loadavg();
      const row = await measure(name, scenario, brand, values.size as keyof typeof SIZES);
      const slice = values.slice === '' ? '' : `-${values.slice}`;
      if (row)
        rows.push({ ...row, scenario: `${name}${slice}`, measuredAt: new Date().toISOString(), loadAverage });
    }
  }
  if (!values['no-save'] && rows.length > 0) {
    const results = { date: new Date().toISOString(), machine: describeMachine(), rows };
    console.log(saveResults(results, values.out).join('\n'));
  }
  return 0;
}
