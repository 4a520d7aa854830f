/** `show stat`, `show info`, `clear counters`: views of the counters. */

import { counterSlice, serverRecord } from '../model/counter-slices.ts';
import { COUNTER_WORDS, COUNTERS } from '../model/counters.ts';
import { type InfoForm, infoText } from '../stats/info.ts';
import { EVERYTHING, type ObjectFilter } from '../stats/objects.ts';
import { type StatForm, statText } from '../stats/stat-views.ts';
import { type Answer, type Command, type Control, command } from './command.ts';
import { findServer } from './find-server.ts';

/** `show stat [<proxy|id> <type> <sid>] [typed|json|up|no-maint|desc]*` */
function showStat(control: Control, args: readonly string[]): Answer {
  const rest = [...args];
  let filter: ObjectFilter = EVERYTHING;
  const { proxies } = control.source.configuration;
  if (rest.length >= 3 && /^-?\d+$/.test(rest[1] as string)) {
    const [name, types, id] = rest.splice(0, 3) as [string, string, string];
    const proxyId = /^-?\d+$/.test(name) ? Number(name) : proxies.find((one) => one.name === name)?.id;
    const isKnown = proxyId !== undefined && (proxyId === -1 || proxies.some((one) => one.id === proxyId));
    if (!isKnown) return 'No such proxy.\n';
    filter = { ...filter, proxyId, types: Number(types), id: Number(id) };
  }
  let form: StatForm = 'csv';
  for (const word of rest) {
    if (word === 'typed' || word === 'json') form = word;
    else if (word === 'up' || word === 'no-maint') filter = { ...filter, only: word };
  }
  return statText(control.source, filter, form);
}

function showInfo(control: Control, args: readonly string[]): string {
  let form: InfoForm = 'text';
  for (const word of args) if (word === 'typed' || word === 'json') form = word;
  return infoText(control.source, form);
}

/** Maximums only, or everything. Data threads may add while it runs: a count may keep an event or two. */
function clearCounters(control: Control, isAll: boolean): string {
  const { source } = control;
  const { layout, rates } = source;
  const records = layout.proxies * 2 + layout.servers + layout.listeners;
  const words = new Float64Array(source.counters);
  const kept = new Set<number>();
  if (!isAll) {
    for (let at = 0; at < COUNTER_WORDS; at++) kept.add(at);
    for (const counter of COUNTERS) if (counter.kind === 'max') kept.delete(counter.at);
  }
  for (let record = 0; record < records * layout.threads; record++) {
    for (let at = 0; at < COUNTER_WORDS; at++) {
      if (!kept.has(at)) words[record * COUNTER_WORDS + at] = 0;
    }
  }
  clearMaximums(control);
  rates.connPerSecondMax = 0;
  if (isAll) for (const record of source.states.records) clearChecks(record);
  return '';
}

function clearServer(control: Control, name: string | undefined): string {
  const found = findServer(control, name);
  if ('error' in found) return found.error;
  const { source } = control;
  for (let thread = 0; thread < source.layout.threads; thread++) {
    const slice = counterSlice(source.counters, source.layout, thread);
    const at = serverRecord(source.layout, found.record.server.index);
    slice.fill(0, at, at + COUNTER_WORDS);
  }
  clearChecks(found.record);
  return 'Server counters cleared.\n';
}

function clearMaximums(control: Control): void {
  const { rates } = control.source;
  rates.listenerMax.length = 0;
  rates.backendMax.length = 0;
}

function clearChecks(record: { failedChecks: number; downTransitions: number }): void {
  record.failedChecks = 0;
  record.downTransitions = 0;
}

export const showStatsCommands: readonly Command[] = [
  command('show info', '[typed|json]*', 'report information about the running process', 'user', showInfo),
  command(
    'show stat',
    '[json|no-maint|typed|up]*',
    'report counters for each proxy and server',
    'user',
    showStat,
  ),
  command(
    'clear counters',
    '[all|server <bk>/<srv> [force]]',
    "clear max statistics counters (or all, or one server's)",
    'operator',
    (control, args) => {
      if (args[0] === 'server') return clearServer(control, args[1]);
      return clearCounters(control, args[0] === 'all');
    },
  ),
];
