/** What a worker's start depended on: all files that were read for it, so that its master can see whether a start now would be the
 * same. Pure but for the current folder, which relative names begin in.
 */
import { resolve } from 'node:path';
import { parseAddress } from '../../base/ip.ts';
import { digestOf, SEEN_MAX, type Seen } from '../../config/seen.ts';
import type { Configuration } from '../../model/configuration.ts';
import type { Sources } from '../../section/configuration.ts';

/** A start looks up names, reads states of servers or enters namespaces: that may come out otherwise with the same files. */
function dependsOnMore({ servers, proxies, logTargets }: Configuration): boolean {
  return (
    servers.some(({ address, settings }) => address.kind === 'name' || settings.has('namespace')) ||
    proxies.some(({ settings }) => settings.has('load-server-state-from-file')) ||
    logTargets.some(({ kind, host }) => kind === 'udp' && parseAddress(host) === undefined)
  );
}

/** By absolute path: the bytes that were read. */
function bytesRead({ files, attachments }: Sources): Map<string, Uint8Array> {
  const all = new Map<string, Uint8Array>();
  for (const { name, text } of files) all.set(resolve(name), Buffer.from(text, 'latin1'));
  for (const [name, bytes] of attachments) if (bytes !== null) all.set(resolve(name), bytes);
  return all;
}

/** undefined: files alone cannot tell. To be called before the root folder changes. <isThorough>: with digests, which take their time. */
export function findingsOf(
  sources: Sources,
  configuration: Configuration,
  isThorough: boolean,
): Seen[] | undefined {
  if (dependsOnMore(configuration) || sources.seen.length > SEEN_MAX) return undefined;
  if (!isThorough) return sources.seen;
  const read = bytesRead(sources);
  return sources.seen.map((one) => {
    const bytes = read.get(one.path);
    return bytes === undefined ? one : { ...one, digest: digestOf(bytes) };
  });
}
