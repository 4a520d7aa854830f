/** A server in the format of `show servers state` and of server state files, version 1 (management guide 9.3). Written here, read in
 * server-state-file.ts; columns and numbers are HAProxy's, so that files can be carried from one to the other.
 */
import { STATUS_NUMBERS } from '../check/result.ts';
import type { ServerRecord } from '../check/server-state.ts';

export const STATE_VERSION = 1;

export const STATE_HEADER =
  '# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight ' +
  'srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state ' +
  'srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port ' +
  'srv_check_addr srv_agent_addr srv_agent_port\n';

/** SRV_ST_* */
export const OPERATION_NUMBERS = { down: 0, starting: 1, up: 2, stopping: 3 } as const;

/** SRV_ADMF_*: forced by the runtime API, or said by the configuration. */
export const ADMIN_FORCED_MAINT = 0x01;
export const ADMIN_INHERITED_MAINT = 0x02;
export const ADMIN_CONFIGURED_MAINT = 0x04;
export const ADMIN_FORCED_DRAIN = 0x08;
export const ADMIN_INHERITED_DRAIN = 0x10;
export const ADMIN_RESOLVER_MAINT = 0x20;
export const ADMIN_NAME_CHANGED = 0x40;

/** CHK_ST_* */
export const CHECK_CONFIGURED = 0x02;
export const CHECK_ENABLED = 0x04;
export const CHECK_PAUSED = 0x08;

/** CHK_RES_* */
const RESULT_UNKNOWN = 0;
const RESULT_FAILED = 2;
const RESULT_PASSED = 3;
const RESULT_CONDITIONAL = 4;

export function adminNumber(record: ServerRecord): number {
  const { server } = record;
  const isWithoutAddress = server.resolved === undefined;
  let admin = server.disabled ? ADMIN_CONFIGURED_MAINT : 0;
  if (record.admin === 'maint') admin |= isWithoutAddress ? ADMIN_RESOLVER_MAINT : ADMIN_FORCED_MAINT;
  if (record.isDrained) admin |= ADMIN_FORCED_DRAIN;
  return admin;
}

function resultNumber(record: ServerRecord): number {
  const status = record.result?.status;
  if (status === undefined) return RESULT_UNKNOWN;
  if (status === 'L7OKC') return RESULT_CONDITIONAL;
  return status === 'L4OK' || status === 'L7OK' ? RESULT_PASSED : RESULT_FAILED;
}

function checkNumber(record: ServerRecord): number {
  const { check, disabled } = record.server;
  if (!check.enabled) return disabled ? CHECK_PAUSED : 0;
  const isPaused = record.admin === 'maint';
  return CHECK_CONFIGURED | (record.checksEnabled ? CHECK_ENABLED : 0) | (isPaused ? CHECK_PAUSED : 0);
}

/** <nowSeconds>: wall clock. */
export function stateLine(record: ServerRecord, nowSeconds: number): string {
  const { server } = record;
  const { proxy, check } = server;
  const address = server.resolved;
  const words = [
    proxy.id,
    proxy.name,
    server.id,
    server.name,
    address === undefined || address.kind === 'unix' || address.kind === 'abns' ? '-' : address.host,
    OPERATION_NUMBERS[record.operation],
    adminNumber(record),
    record.weight,
    server.weight,
    Math.max(0, nowSeconds - record.lastChangeSeconds),
    STATUS_NUMBERS[record.result?.status ?? 'INI'],
    resultNumber(record),
    check.enabled ? record.health : 0,
    checkNumber(record),
    0,
    proxy.settings.has('id') ? 1 : 0,
    server.settings.has('id') ? 1 : 0,
    server.address.kind === 'name' ? server.address.host : '-',
    (address ?? server.address).port,
    '-',
    0,
    check.port,
    check.address?.host ?? '-',
    '-',
    0,
  ];
  return `${words.join(' ')}\n`;
}
