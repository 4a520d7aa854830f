/** HAProxy's messages about servers, byte for byte: operators and their scripts know them. Pure. */
import type { Server } from '../model/server.ts';
import { healthShown, isUp } from './health.ts';
import { type CheckResult, reasonText } from './result.ts';

/** Usable servers of a backend. */
export interface ServerCounts {
  readonly active: number;
  readonly backup: number;
}

export function calledServer(server: Server): string {
  return `${server.backup ? 'Backup ' : ''}Server ${server.proxy.name}/${server.name}`;
}

/** `, reason: …`, `, changed from CLI`, or nothing. */
function because(result: CheckResult | undefined, cause: string): string {
  if (cause !== '') return `, ${cause}`;
  return result === undefined ? '' : `, reason: ${reasonText(result)}`;
}

function onBackup(server: Server, counts: ServerCounts): string {
  return server.proxy.servers.some((one) => one.backup) && counts.active === 0 && counts.backup > 0
    ? ' Running on backup.'
    : '';
}

/** What is left behind a server that is gone. */
export function leftText(
  server: Server,
  counts: ServerCounts,
  sessions: { served: number; queued: number },
): string {
  return (
    `${counts.active} active and ${counts.backup} backup servers left.${onBackup(server, counts)} ` +
    `${sessions.served} sessions active, ${sessions.queued} requeued, 0 remaining in queue.`
  );
}

export function onlineText(server: Server, counts: ServerCounts): string {
  return (
    `${counts.active} active and ${counts.backup} backup servers online.${onBackup(server, counts)} ` +
    '0 sessions requeued, 0 total in queue.'
  );
}

export function downMessage(
  server: Server,
  counts: ServerCounts,
  sessions: { served: number; queued: number },
  result: CheckResult | undefined,
  cause: string,
): string {
  return `${calledServer(server)} is DOWN${because(result, cause)}. ${leftText(server, counts, sessions)}`;
}

export function upMessage(
  server: Server,
  counts: ServerCounts,
  result: CheckResult | undefined,
  cause: string,
): string {
  return `${calledServer(server)} is UP${because(result, cause)}. ${onlineText(server, counts)}`;
}

export function stoppingMessage(
  server: Server,
  counts: ServerCounts,
  result: CheckResult | undefined,
  cause: string,
): string {
  return `${calledServer(server)} is stopping${because(result, cause)}. ${onlineText(server, counts)}`;
}

/** `option log-health-checks`. */
export function checkMessage(server: Server, result: CheckResult, health: number, weight: number): string {
  const isConditional = result.status === 'L7OKC';
  const isPassed = isConditional || result.status === 'L4OK' || result.status === 'L7OK';
  const verdict = `${isConditional ? 'conditionally ' : ''}${isPassed ? 'succeeded' : 'failed'}`;
  const shown = healthShown(health, server.check);
  const up = isUp(health, server.check) ? (weight > 0 ? 'UP' : 'DRAIN') : 'DOWN';
  const kind = server.backup ? 'backup ' : '';
  return (
    `Health check for ${kind}server ${server.proxy.name}/${server.name} ${verdict}, ` +
    `reason: ${reasonText(result)}, status: ${shown.at}/${shown.of} ${up}.`
  );
}
