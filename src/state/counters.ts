/** Section `counters`: totals and maximums of frontends, backends and servers, so that graphs do not begin again at nothing. They are
 * added to the first thread's slice, where nothing is counted yet.
 */
import type { Configuration } from '../model/configuration.ts';
import {
  backendRecord,
  counterSlice,
  frontendRecord,
  readCounter,
  serverRecord,
} from '../model/counter-slices.ts';
import { COUNTERS } from '../model/counters.ts';
import type { StatsSource } from '../stats/source.ts';
import { fieldsOf } from './entries.ts';
import type { StateSection } from './section.ts';

const kept = COUNTERS.filter(({ kind }) => kind === 'total' || kind === 'max');

/** Every object that counts, by a name that the next configuration may have too. */
function* objects({ configuration, layout }: StatsSource): Generator<readonly [string, number]> {
  for (const proxy of configuration.proxies) {
    if (proxy.disabled) continue;
    if (proxy.isFrontend) yield [`frontend ${proxy.name}`, frontendRecord(proxy.index)];
    if (proxy.isBackend) yield [`backend ${proxy.name}`, backendRecord(proxy.index)];
    for (const { name, index } of proxy.servers) {
      yield [`server ${proxy.name}/${name}`, serverRecord(layout, index)];
    }
  }
}

const byKey = new WeakMap<Configuration, ReadonlyMap<string, number>>();

function recordsByKey(source: StatsSource): ReadonlyMap<string, number> {
  let known = byKey.get(source.configuration);
  if (known === undefined) {
    known = new Map(objects(source));
    byKey.set(source.configuration, known);
  }
  return known;
}

export const countersSection: StateSection = {
  name: 'counters',
  version: 1,
  *write(source) {
    for (const [key, record] of objects(source)) {
      const value: Record<string, number> = {};
      for (const counter of kept) {
        const count = readCounter(source.counters, source.layout, record, counter, source.nowMs());
        if (count !== 0) value[counter.column] = count;
      }
      if (Object.keys(value).length > 0) yield [key, value];
    }
  },
  read(source, _, key, value) {
    const record = recordsByKey(source).get(key);
    if (record === undefined) return false;
    const slice = counterSlice(source.counters, source.layout, 0);
    const fields = fieldsOf(value);
    const added = new Set<number>();
    for (const { column, at } of kept) {
      const count = fields[column];
      // Two columns may be views of one word.
      if (typeof count !== 'number' || !(count >= 0) || !Number.isFinite(count) || added.has(at)) continue;
      added.add(at);
      slice[record + at] = (slice[record + at] as number) + count;
    }
    return true;
  },
};
