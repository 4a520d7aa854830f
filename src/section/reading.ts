/** One reading of the configuration: what all sections share while it goes on. Made by `parseConfiguration`, gone when it returns.
 */
import { type Address, parseAddress } from '../base/ip.ts';
import type { MessageLog } from '../config/messages.ts';
import type { Alerts, Word } from '../config/place.ts';
import type { Variables } from '../config/variables.ts';
import type { Configuration, GlobalSettings } from '../model/configuration.ts';
import type { LogTarget } from '../model/proxy.ts';

export interface Reading {
  readonly configuration: Configuration;
  readonly log: MessageLog;
  readonly variables: Variables;
  /** `-N`: maxconn of proxies that set none. */
  readonly proxyMaxconn: number;
  /** Bytes of a file that the configuration names; undefined: it cannot be read. */
  load(path: string): Buffer | undefined;
  /** What is to be done when all sections are read. */
  readonly later: (() => void)[];
  /** User and group numbers by name, as /etc/passwd and /etc/group have them. */
  userId(name: string): number | undefined;
  groupId(name: string): number | undefined;
  /** The address that /etc/hosts gives to a name: listeners are opened before any other look-up could end. */
  hostAddress(name: string): Address | undefined;
}

/** The bytes of <path>, or an alert under <at>. */
export function loadFile(reading: Reading, path: string, alerts: Alerts, at?: Word): Buffer | undefined {
  const bytes = reading.load(path);
  if (bytes === undefined) {
    const advice =
      'Check that the file exists and may be read; relative names count from the working directory (-C).';
    alerts.alert(`error opening file '${path}'.`, at, advice);
  }
  return bytes;
}

/** Looks <name> up in the text of a hosts file; IPv4 first, as HAProxy prefers. */
export function addressInHosts(hosts: string, name: string): Address | undefined {
  const wanted = name.toLowerCase();
  let found: Address | undefined;
  for (const line of hosts.split('\n')) {
    const [text, ...names] = (line.split('#')[0] as string).trim().split(/\s+/);
    if (!names.some((known) => known.toLowerCase() === wanted)) continue;
    const address = parseAddress(text ?? '');
    if (address?.family === 4) return address;
    found ??= address;
  }
  return found;
}

export function newGlobalSettings(): GlobalSettings {
  return {
    nbthread: 0,
    maxconn: 0,
    bufsize: 16384,
    maxrewrite: 1024,
    httpMaxhdr: 101,
    maxaccept: 0,
    idlePoolShared: true,
    hardStopAfterMs: 0,
    closeSpreadMs: 0,
    localPeer: '',
    hostname: '',
    logTag: 'haproxy',
    logSendHostname: undefined,
    spreadChecks: 0,
    maxCompressionLevel: 1,
    maxCompressionRateKb: 0,
    maxCompressionCpuPercent: 100,
    uid: undefined,
    gid: undefined,
    chroot: '',
    isDumpable: true,
    isDaemon: false,
    isStrict: true,
    cpuMap: [],
    logs: [],
    statsSockets: [],
    statsTimeoutMs: 10_000,
    statsMaxconn: 10,
    settings: new Map(),
  };
}

/** The index of <target> among the targets: lines that name the same one share it. */
export function logTargetIndex(configuration: Configuration, target: LogTarget): number {
  const { logTargets } = configuration;
  const same = (other: LogTarget) =>
    other.kind === target.kind &&
    other.host === target.host &&
    other.port === target.port &&
    other.fd === target.fd;
  const found = logTargets.findIndex(same);
  if (found >= 0) return found;
  logTargets.push(target);
  return logTargets.length - 1;
}
