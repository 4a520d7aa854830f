/** The state of a worker as entries, and back: what the runtime API and the checks have changed survives a reload. Which sections do is
 * the global keyword `reload-state`.
 */
import type { Configuration } from '../model/configuration.ts';
import type { StatsSource } from '../stats/source.ts';
import { countersSection } from './counters.ts';
import { ENTRIES_MAX, readEntry, type StateEntry } from './entries.ts';
import { compressionSection, frontendsSection, limitsSection } from './proxies.ts';
import type { StateDoor, StateSection } from './section.ts';
import { serversSection } from './servers.ts';

export const stateSections: readonly StateSection[] = [
  serversSection,
  frontendsSection,
  limitsSection,
  compressionSection,
  countersSection,
];

/** All but the counters: whoever watches them expects them to begin again with the process. */
export const SECTIONS_BY_DEFAULT: readonly string[] = ['servers', 'frontends', 'limits', 'compression'];

/** The sections that <configuration> lets survive. */
export function wantedSections({ global }: Configuration): readonly StateSection[] {
  const words = global.settings.get('reload-state') ?? SECTIONS_BY_DEFAULT;
  if (words.includes('none')) return [];
  if (words.includes('all')) return stateSections;
  return stateSections.filter(({ name }) => words.includes(name));
}

export function* exportState(source: StatsSource): Generator<StateEntry> {
  let count = 0;
  for (const section of wantedSections(source.configuration)) {
    const { name, version } = section;
    for (const [key, value] of section.write(source)) {
      const entry = readEntry({ section: name, version, key, value });
      if (entry === undefined) continue;
      if (++count > ENTRIES_MAX) return;
      yield entry;
    }
  }
}

/** Applies <entries> of another worker; entries of unknown sections and versions are skipped. Returns how many were applied. */
export function applyState(source: StatsSource, door: StateDoor, entries: Iterable<unknown>): number {
  const sections = new Map(wantedSections(source.configuration).map((one) => [one.name, one]));
  let applied = 0;
  let seen = 0;
  for (const value of entries) {
    if (++seen > ENTRIES_MAX) break;
    const entry = readEntry(value);
    const section = entry === undefined ? undefined : sections.get(entry.section);
    if (entry === undefined || section?.version !== entry.version) continue;
    if (section.read(source, door, entry.key, entry.value)) applied++;
  }
  return applied;
}
