/** Server state files (`server-state-file`, `load-server-state-from-file`): what `show servers state` wrote is read and applied with
 * HAProxy's rules. Texts come in, messages go out; who reads files is src/process. Hostile input does nothing worse than a warning.
 */
import { fullHealth } from '../check/health.ts';
import type { Operation, ServerRecord } from '../check/server-state.ts';
import type { Proxy } from '../model/proxy.ts';
import type { StatsSource } from '../stats/source.ts';
import {
  ADMIN_CONFIGURED_MAINT,
  ADMIN_FORCED_DRAIN,
  ADMIN_FORCED_MAINT,
  ADMIN_INHERITED_DRAIN,
  ADMIN_INHERITED_MAINT,
  ADMIN_NAME_CHANGED,
  ADMIN_RESOLVER_MAINT,
  CHECK_CONFIGURED,
  CHECK_ENABLED,
  OPERATION_NUMBERS,
  STATE_VERSION,
} from './server-line.ts';

/** HAProxy's limit of a line; a longer one is a corrupted file. */
const LINE_MAX_CHARS = 2000;
/** Columns of version 1: HAProxy wrote 20 at first, 25 by now. */
const FIELDS_MIN = 20;
const FIELDS_MAX = 25;
const WEIGHT_MAX = 256;
const PORT_MAX = 65535;

/** What a line says of one server. */
export interface ServerLine {
  readonly backendId: number;
  readonly backend: string;
  readonly server: string;
  readonly fields: readonly string[];
}

export type StateFile =
  | { readonly lines: ReadonlyMap<string, ServerLine> }
  | { readonly fault: 'empty' | 'version' }
  | { readonly fault: 'corrupted'; readonly line: number };

export function lineKey(backend: string, server: string): string {
  return `${backend} ${server}`;
}

/** Reads a whole file. */
export function readStateFile(text: string): StateFile {
  if (text === '') return { fault: 'empty' };
  const rows = text.split('\n');
  if (rows[0] !== String(STATE_VERSION)) return { fault: 'version' };
  // A last row without its line end was cut.
  const last = rows.pop();
  const lines = new Map<string, ServerLine>();
  for (let at = 1; at < rows.length; at++) {
    const row = rows[at] as string;
    if (row.length >= LINE_MAX_CHARS) return { fault: 'corrupted', line: at };
    const fields = row.split(/[ \t]+/).filter((field) => field !== '');
    if (fields.length === 0 || (fields[0] as string).startsWith('#')) continue;
    if (fields.length < FIELDS_MIN || fields.length > FIELDS_MAX) return { fault: 'corrupted', line: at };
    const [backendId = '', backend = '', , server = ''] = fields;
    const key = lineKey(backend, server);
    // A second line on the same server was made by hand: the first one counts.
    if (!lines.has(key))
      lines.set(key, { backendId: Number.parseInt(backendId, 10) || 0, backend, server, fields });
  }
  return last === '' ? { lines } : { fault: 'corrupted', line: rows.length };
}

interface Values {
  readonly operation: number;
  readonly admin: number;
  readonly weight: number;
  readonly initialWeight: number;
  readonly sinceSeconds: number;
  readonly health: number;
  readonly checkState: number;
  readonly port: number;
  readonly checkPort: number;
}

const ADMINS = [
  0,
  ADMIN_FORCED_MAINT,
  ADMIN_CONFIGURED_MAINT,
  ADMIN_CONFIGURED_MAINT | ADMIN_FORCED_MAINT,
  ADMIN_CONFIGURED_MAINT | ADMIN_FORCED_DRAIN,
  ADMIN_FORCED_DRAIN,
];
const ADMIN_IGNORED =
  ADMIN_INHERITED_DRAIN | ADMIN_INHERITED_MAINT | ADMIN_RESOLVER_MAINT | ADMIN_NAME_CHANGED;
const CHECK_STATE_MAX = 0x1f;

/** The values of a line, or a text that names every one that makes no sense. */
function readValues(fields: readonly string[]): Values | string {
  let wrong = '';
  const integer = (at: number, name: string, isAllowed: (value: number) => boolean): number => {
    const text = fields[at] ?? '';
    const value = /^[+-]?\d{1,15}/.test(text) ? Number.parseInt(text, 10) : Number.NaN;
    if (!isAllowed(value)) wrong += `, invalid ${name} value '${text}'`;
    return value;
  };
  const operations: readonly number[] = Object.values(OPERATION_NUMBERS);
  const values = {
    operation: integer(5, 'srv_op_state', (value) => operations.includes(value)),
    admin: integer(6, 'srv_admin_state', (value) => ADMINS.includes(value & ~ADMIN_IGNORED)) & ~ADMIN_IGNORED,
    weight: integer(7, 'srv_uweight', (value) => value >= 0 && value <= WEIGHT_MAX),
    initialWeight: integer(8, 'srv_iweight', (value) => value >= 0 && value <= WEIGHT_MAX),
    sinceSeconds: integer(9, 'srv_last_time_change', (value) => value >= 0),
    health: integer(12, 'srv_check_health', (value) => !Number.isNaN(value)),
    checkState: integer(13, 'srv_check_state', (value) => value >= 0 && value <= CHECK_STATE_MAX),
    port: integer(18, 'srv_port', (value) => value >= 0 && value <= PORT_MAX),
    checkPort: Number.parseInt(fields[21] ?? '0', 10) || 0,
  };
  return wrong === '' ? values : wrong;
}

function applyOperation(record: ServerRecord, { operation, health }: Values): void {
  const { check } = record.server;
  const set = (wanted: Operation, value: number) => {
    record.operation = wanted;
    record.health = value;
  };
  if (operation === OPERATION_NUMBERS.up) set('up', fullHealth(check));
  else if (operation === OPERATION_NUMBERS.down) set('down', 0);
  else if (operation === OPERATION_NUMBERS.stopping) {
    if (check.fall === 1) set('down', 0);
    else set('stopping', health < check.rise || health > fullHealth(check) - 1 ? check.rise : health);
  } else if (check.rise === 1) set('up', fullHealth(check));
  else set('down', health < 1 || health >= check.rise ? check.rise - 1 : health);
}

/** What the configuration has changed since wins; what the runtime API did to a server that is configured as before comes back. */
function applyAdmin(record: ServerRecord, { admin, initialWeight }: Values): void {
  const { server } = record;
  if (server.resolved === undefined) return;
  const isConfigured = server.disabled;
  const wasConfigured = (admin & ADMIN_CONFIGURED_MAINT) !== 0;
  const isForced = (admin & ADMIN_FORCED_MAINT) !== 0;
  const isOff = isConfigured === wasConfigured ? isForced : isConfigured;
  record.admin = isOff ? 'maint' : 'ready';
  if (isOff) {
    record.operation = 'down';
    record.health = 0;
  } else if ((admin & ADMIN_FORCED_DRAIN) !== 0 && (initialWeight > 0 || server.weight === 0)) {
    record.admin = 'drain';
    record.isDrained = true;
  }
}

/** Applies one line; returns what is wrong with it, '' when nothing is. */
export function applyServerLine(source: StatsSource, record: ServerRecord, line: ServerLine): string {
  const values = readValues(line.fields);
  if (typeof values === 'string') return values;
  const { server } = record;
  source.states.restore(record, () => {
    applyOperation(record, values);
    applyAdmin(record, values);
    if (values.initialWeight === server.weight) record.weight = values.weight;
    const hadChecks = (values.checkState & CHECK_CONFIGURED) !== 0;
    if (hadChecks && server.check.enabled && (values.checkState & CHECK_ENABLED) === 0) {
      record.checksEnabled = false;
    }
    record.lastChangeSeconds = Math.floor(Date.now() / 1000) - values.sinceSeconds;
  });
  const { checkPort } = values;
  if (checkPort > 0 && checkPort <= PORT_MAX && server.check.enabled) server.check.port = checkPort;
  return '';
}

/** What <proxy> takes from a file of all backends: what is missing there is no fault. */
export function applyGlobalFile(
  source: StatsSource,
  proxy: Proxy,
  lines: ReadonlyMap<string, ServerLine>,
  warn: (text: string) => void,
): void {
  for (const server of proxy.servers) {
    const line = lines.get(lineKey(proxy.name, server.name));
    if (line === undefined) continue;
    const wrong = applyServerLine(source, source.states.of(server), line);
    if (wrong === '') continue;
    warn(`server-state application failed for server '${proxy.name}/${server.name}'${wrong}`);
  }
}

/** What <proxy> takes from a file of its own; lines of other backends and of servers that are gone are named. */
export function applyLocalFile(
  source: StatsSource,
  proxy: Proxy,
  lines: ReadonlyMap<string, ServerLine>,
  warn: (text: string) => void,
): void {
  const own = new Map<string, ServerLine>();
  for (const line of lines.values()) {
    const isSameId = line.backendId === proxy.id;
    const isSameName = line.backend === proxy.name;
    if (!isSameId && !isSameName) continue;
    const told = `from server state file: '${isSameId ? line.backend : line.backendId}'`;
    const now = `from running config '${isSameId ? proxy.name : proxy.id}'`;
    if (!isSameId) warn(`Proxy '${proxy.name}': backend ID mismatch: ${told}, ${now}`);
    if (!isSameName) {
      warn(`Proxy '${proxy.name}': backend name mismatch: ${told}, ${now}`);
      if (line.fields[15] !== '1') continue;
    }
    own.set(lineKey(proxy.name, line.server), line);
  }
  applyGlobalFile(source, proxy, own, warn);
  for (const { server } of own.values()) {
    if (proxy.servers.some(({ name }) => name === server)) continue;
    warn(`Proxy '${proxy.name}': can't find server '${server}' in backend '${proxy.name}'`);
  }
}
