/**
 * From the user's files to files that may be run here: read, judged, rewritten, and judged again. The second judgement is the
 * one that counts: whatever the rewriting thought of, a listener or a server elsewhere than on this proof's own ports ends it.
 */

import type { SourceFile } from '../config/lines.ts';
import { diskLoader } from '../config/load.ts';
import type { Message } from '../config/messages.ts';
import { readConfiguration } from '../config/read.ts';
import { renderMessage } from '../config/render.ts';
import type { Configuration } from '../model/configuration.ts';
import { parseConfiguration } from '../section/configuration.ts';
import { makeSources } from '../section/sources.ts';
import { FreePorts } from './free-ports.ts';
import { LISTENERS_MAX, type Places, type Rewritten, rewriteFiles } from './rewrite.ts';

const NO_OPTIONS = { localPeer: '', maxconn: 0, proxyMaxconn: 0 };

/** What keeps a proof from beginning; its text is for the user as it is. */
export class NoProof extends Error {}

export interface Prepared {
  readonly rewritten: Rewritten;
  /** Frontends that speak TCP alone. */
  readonly tcpProxies: ReadonlySet<string>;
}

const NOTHING_YET = 'The configuration has errors, so there is nothing to prove yet:';

function said(alerts: readonly Message[]): string {
  return alerts.map((alert) => renderMessage(alert, process.pid)).join('');
}

function parse(files: readonly SourceFile[]) {
  const sources = makeSources(files, NO_OPTIONS, process.env);
  const { configuration, messages } = parseConfiguration(sources, diskLoader);
  return { configuration, alerts: messages.filter((message) => message.severity === 'alert') };
}

/** Sentences about everything in <configuration> that is not on this proof's own ports. */
export function strangersIn(
  configuration: Pick<Configuration, 'listeners' | 'servers' | 'logTargets' | 'global'>,
  ports: ReadonlySet<number>,
  origins: ReadonlySet<number>,
): string[] {
  const strange: string[] = [];
  for (const { address, place } of configuration.listeners) {
    const isOurs = address.kind === 'ipv4' && address.host === '127.0.0.1' && ports.has(address.port);
    if (!isOurs) strange.push(`${place.file}:${place.line}: a listener at ${address.source}`);
  }
  for (const { address, place, check } of configuration.servers) {
    const isOurs = address.kind === 'ipv4' && address.host === '127.0.0.1' && origins.has(address.port);
    if (!isOurs || check.enabled) strange.push(`${place.file}:${place.line}: a server at ${address.source}`);
  }
  if (configuration.logTargets.length > 0) strange.push('a log target');
  for (const { source } of configuration.global.statsSockets) strange.push(`a stats socket at ${source}`);
  return strange;
}

/** <paths> as on the command line; <origins>: the built-in servers' ports, given out in turn. */
export async function prepare(paths: readonly string[], origins: readonly number[]): Promise<Prepared> {
  const { files, errors } = readConfiguration(paths);
  if (errors.length > 0) throw new NoProof(errors.join('\n'));
  const { environment } = makeSources(files, NO_OPTIONS, process.env);
  const origin = (index: number) => origins[index % origins.length] as number;
  const counted = rewriteFiles(files, environment, { port: () => 1, origin });
  if (counted.alerts.length > 0) throw new NoProof(`${NOTHING_YET}\n${said(counted.alerts)}`);
  if (counted.listeners.length === 0)
    throw new NoProof("The configuration has no 'bind': nothing can be asked.");
  if (counted.listeners.length > LISTENERS_MAX) {
    throw new NoProof(
      `The configuration has more than ${LISTENERS_MAX} listeners; a proof moves at most so many.`,
    );
  }
  const free = new FreePorts();
  const ports: number[] = [];
  for (const _ of counted.listeners) ports.push(await free.take());
  const places: Places = { port: (index) => ports[index] as number, origin };
  const rewritten = rewriteFiles(files, environment, places);
  const safe = parse(rewritten.files);
  if (safe.alerts.length > 0) throw new NoProof(`${NOTHING_YET}\n${said(safe.alerts)}`);
  const strange = strangersIn(safe.configuration, new Set(ports), new Set(origins));
  if (strange.length > 0) {
    throw new NoProof(`Not started, because these would not stay within the proof:\n${strange.join('\n')}`);
  }
  const { proxies } = safe.configuration;
  const tcpProxies = new Set(proxies.filter((proxy) => proxy.mode === 'tcp').map((proxy) => proxy.name));
  return { rewritten, tcpProxies };
}
