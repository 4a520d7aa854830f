/** Section `servers`: weight, administrative and operational state, address and maxconn of each server, as the runtime API and the
 * checks left them. What the configuration says has changed since is not undone: each value is kept beside what was configured
 * when it was set, and applied only where that is still so.
 */
import { parseAddress } from '../base/ip.ts';
import { fullHealth } from '../check/health.ts';
import type { Admin, Operation, ServerRecord } from '../check/server-state.ts';
import type { Configuration } from '../model/configuration.ts';
import type { Server, ServerAddress } from '../model/server.ts';
import * as abi from '../native/abi.ts';
import type { StatsSource } from '../stats/source.ts';
import { type Fields, fieldsOf, isIntegerIn } from './entries.ts';
import type { StateDoor, StateSection } from './section.ts';

const WEIGHT_MAX = 256;
const PORT_MAX = 65535;
const INT_MAX = 0x7fff_ffff;
const HEALTH_MAX = 0xffff;

const ADMINS: readonly Admin[] = ['ready', 'drain', 'maint'];
const OPERATIONS: readonly Operation[] = ['up', 'stopping', 'down'];

export function serverKey({ proxy, name }: Server): string {
  return `${proxy.name}/${name}`;
}

const byKey = new WeakMap<Configuration, ReadonlyMap<string, Server>>();

function serversByKey(configuration: Configuration): ReadonlyMap<string, Server> {
  let known = byKey.get(configuration);
  if (known === undefined) {
    known = new Map(configuration.servers.map((server) => [serverKey(server), server]));
    byKey.set(configuration, known);
  }
  return known;
}

function configuredAddress({ address }: Server): string {
  return `${address.kind} ${address.host} ${address.port} ${address.portOffset}`;
}

function valueOf(source: StatsSource, record: ServerRecord): Fields {
  const { server } = record;
  const { changed } = source;
  const value: Record<string, unknown> = {
    admin: record.admin,
    drained: record.isDrained,
    disabled: server.disabled,
    operation: record.operation,
    health: record.health,
    checks: record.checksEnabled,
    since: record.lastChangeSeconds,
    downtime: record.downtimeSeconds,
  };
  if (record.weight !== server.weight) value.weight = [server.weight, record.weight];
  const maxconn = changed.serverMaxconns.get(server.index);
  if (maxconn !== undefined) value.maxconn = [server.maxconn, maxconn];
  const { resolved } = server;
  if (changed.addresses.has(server.index) && resolved !== undefined) {
    value.address = [configuredAddress(server), resolved.host, resolved.port, resolved.portOffset];
  }
  return value;
}

/** The pair [configured, current], when the configured value is still the same. */
function still(value: unknown, configured: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) && value[0] === configured ? value : undefined;
}

function movedTo(server: Server, value: unknown): ServerAddress | undefined {
  const pair = still(value, configuredAddress(server));
  if (pair === undefined) return undefined;
  const [, host, port, portOffset] = pair;
  const parsed = typeof host === 'string' ? parseAddress(host) : undefined;
  if (parsed === undefined || !isIntegerIn(port, 0, PORT_MAX)) return undefined;
  if (!isIntegerIn(portOffset, -PORT_MAX, PORT_MAX)) return undefined;
  const text = parsed.toString();
  const kind = parsed.family === 4 ? 'ipv4' : 'ipv6';
  return { kind, host: text, port, portOffset, source: `${text}:${port}` };
}

function readLimits(source: StatsSource, door: StateDoor, record: ServerRecord, fields: Fields): void {
  const { server } = record;
  const maxconn = still(fields.maxconn, server.maxconn)?.[1];
  if (isIntegerIn(maxconn, 0, INT_MAX)) {
    const at = source.live.server(server.index);
    const isStatic = server.minconn === server.maxconn || server.minconn === 0;
    Atomics.store(source.live.words, at + abi.LIVE_SV_MAXCONN, maxconn);
    if (isStatic && server.minconn !== 0) Atomics.store(source.live.words, at + abi.LIVE_SV_MINCONN, maxconn);
    source.changed.serverMaxconns.set(server.index, maxconn);
  }
  const address = movedTo(server, fields.address);
  if (address !== undefined) {
    door.moveServer(server, address);
    source.changed.addresses.add(server.index);
  }
}

/** A `disabled` that came or went is the configuration's word: it wins. */
function readAdmin(record: ServerRecord, fields: Fields): void {
  const { server } = record;
  if (fields.disabled !== server.disabled || server.resolved === undefined) return;
  const admin = ADMINS.find((one) => one === fields.admin);
  if (admin === undefined) return;
  const wasOff = record.admin === 'maint';
  record.admin = admin;
  record.isDrained = fields.drained === true;
  if (admin === 'maint') {
    record.operation = 'down';
    record.health = 0;
  } else if (wasOff) {
    record.operation = 'up';
    record.health = server.check.rise;
  }
}

/** What the checks had found; without checks, what the runtime API had said. */
function readOperation(record: ServerRecord, fields: Fields): void {
  const { check } = record.server;
  const operation = OPERATIONS.find((one) => one === fields.operation);
  if (record.admin === 'maint' || operation === undefined) return;
  record.operation = operation;
  if (operation === 'down') record.health = 0;
  else if (isIntegerIn(fields.health, 0, HEALTH_MAX)) {
    record.health = Math.min(Math.max(fields.health, check.rise), fullHealth(check));
  }
}

function read(source: StatsSource, door: StateDoor, key: string, value: unknown): boolean {
  const server = serversByKey(source.configuration).get(key);
  const fields = fieldsOf(value);
  if (server === undefined || Object.keys(fields).length === 0) return false;
  const record = source.states.of(server);
  readLimits(source, door, record, fields);
  source.states.restore(record, () => {
    const weight = still(fields.weight, server.weight)?.[1];
    if (isIntegerIn(weight, 0, WEIGHT_MAX)) record.weight = weight;
    readAdmin(record, fields);
    readOperation(record, fields);
    if (fields.checks === false && server.check.enabled) record.checksEnabled = false;
    if (isIntegerIn(fields.since, 0, Number.MAX_SAFE_INTEGER)) record.lastChangeSeconds = fields.since;
    if (isIntegerIn(fields.downtime, 0, Number.MAX_SAFE_INTEGER)) record.downtimeSeconds = fields.downtime;
  });
  return true;
}

export const serversSection: StateSection = {
  name: 'servers',
  version: 1,
  *write(source) {
    for (const record of source.states.records) {
      if (!record.server.proxy.disabled) yield [serverKey(record.server), valueOf(source, record)];
    }
  },
  read,
};
