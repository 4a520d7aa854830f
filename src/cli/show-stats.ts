/** `show stat`, `show info`, `clear counters`: views of the counters. */

import { counterSlice, serverRecord } from '../model/counter-slices.ts';
import { COUNTER_WORDS, COUNTERS } from '../model/counters.ts';
import * as abi from '../native/abi.ts';
import { type InfoForm, infoText } from '../stats/info.ts';
import { EVERYTHING, type ObjectFilter } from '../stats/objects.ts';
import { type StatForm, statText } from '../stats/stat-views.ts';
import { type Answer, fail, leadingInteger, say } from './answer.ts';
import { type ClientState, type Command, type Control, command, mayRun } from './command.ts';
import { findServer } from './find-server.ts';

const RESOLVERS_HEADER =
  '# id,pid,sent,send_error,valid,update,cname,cname_error,any_err,nx,timeout,refused,other,invalid,too_big,truncated,outdated,\n';

/** `<proxy|id> <types> <id>` */
function readFilter(control: Control, words: readonly string[]): ObjectFilter | undefined {
  const [name, types, id] = words as readonly [string, string, string];
  const { proxies } = control.source.configuration;
  const proxyId = proxies.find((one) => one.name === name)?.id ?? leadingInteger(name);
  if (proxyId === 0) return undefined;
  const bits = leadingInteger(types);
  return { ...EVERYTHING, proxyId, types: bits, id: leadingInteger(id) };
}

/** `show stat [domain <proxy|resolvers>] [<proxy|id> <types> <id>] [typed|json|desc|up|no-maint]*` */
function showStat(control: Control, args: readonly string[]): Answer {
  let rest = args;
  if (rest[0] === 'domain') {
    if (rest[1] === 'resolvers') return RESOLVERS_HEADER;
    if (rest[1] !== 'proxy') return fail('Invalid statistics domain.\n');
    rest = rest.slice(2);
  }
  let filter: ObjectFilter | undefined = EVERYTHING;
  if (rest.length >= 3) {
    filter = readFilter(control, rest);
    if (filter === undefined) return fail('No such proxy.\n');
    rest = rest.slice(3);
  }
  let form: StatForm = 'csv';
  for (const word of rest) {
    if (word === 'typed' || word === 'json') form = word;
    else if (word === 'up' || word === 'no-maint') filter = { ...filter, only: word };
  }
  return statText(control.source, filter, form, rest.includes('desc'));
}

function showInfo(control: Control, args: readonly string[]): string {
  let form: InfoForm = 'text';
  for (const word of args) if (word === 'typed' || word === 'json') form = word;
  return infoText(control.source, form, {
    isDescribed: args.includes('desc'),
    isExact: args.includes('float'),
  });
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

function clearServer(control: Control, name: string | undefined): Answer {
  const found = findServer(control, name);
  if ('error' in found) return fail(found.error);
  const { source } = control;
  for (let thread = 0; thread < source.layout.threads; thread++) {
    const slice = counterSlice(source.counters, source.layout, thread);
    const at = serverRecord(source.layout, found.record.server.index);
    slice.fill(0, at, at + COUNTER_WORDS);
  }
  clearChecks(found.record);
  clearServerMaximum(control, found.record.server.index);
  return say('Server counters cleared.\n');
}

/** Whoever may only look at counters must not be able to hide what happened. */
function clear(control: Control, args: readonly string[], client: ClientState): Answer {
  const [what, name] = args;
  const isOne = what === 'server';
  if ((isOne || what === 'all') && !mayRun(client.level, 'admin')) return fail('Permission denied\n');
  return isOne ? clearServer(control, name) : clearCounters(control, what === 'all');
}

function clearMaximums(control: Control): void {
  const { rates, live, configuration } = control.source;
  rates.listenerMax.length = 0;
  rates.backendMax.length = 0;
  for (const { index } of configuration.proxies) {
    Atomics.store(live.words, live.proxy(index) + abi.LIVE_PX_CONN_MAX, 0);
  }
  for (const { index } of configuration.servers) clearServerMaximum(control, index);
}

function clearServerMaximum({ source }: Control, index: number): void {
  const { live } = source;
  Atomics.store(live.words, live.server(index) + abi.LIVE_SV_SERVED_MAX, 0);
}

function clearChecks(record: { failedChecks: number; downTransitions: number }): void {
  record.failedChecks = 0;
  record.downTransitions = 0;
}

export const showStatsCommands: readonly Command[] = [
  command(
    'show info',
    '[desc|json|typed|float]*',
    'report information about the running process',
    'user',
    showInfo,
  ),
  command(
    'show stat',
    '[desc|json|no-maint|typed|up]*',
    'report counters for each proxy and server',
    'user',
    showStat,
  ),
  command(
    'clear counters',
    '[all|server <bk>/<srv> [force]]',
    "clear max statistics counters (or all, or one server's)",
    'operator',
    clear,
  ),
];
