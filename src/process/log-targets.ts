/** Where log lines go: each target of the configuration is opened in the engine once, by index. A target that cannot be opened now
 * costs its lines and a warning, never the start.
 */
import { errnoText } from '../check/errno-text.ts';
import type { Configuration } from '../model/configuration.ts';
import type { Addon } from '../native/addon.ts';
import { logTargetSockaddr } from './addresses.ts';
import type { Speaker } from './say.ts';

const DATAGRAM = 0;
const DESCRIPTOR = 1;

export async function openLogTargets(
  addon: Addon,
  configuration: Configuration,
  speaker: Speaker,
): Promise<void> {
  for (const [index, target] of configuration.logTargets.entries()) {
    if (target.kind === 'fd') {
      addon.setLogTarget(index, DESCRIPTOR, new Uint8Array(0), target.fd);
      continue;
    }
    const sockaddr = await logTargetSockaddr(target);
    const result = sockaddr.length === 0 ? 0 : addon.setLogTarget(index, DATAGRAM, sockaddr, -1);
    if (sockaddr.length === 0) speaker.warning(`log target '${target.source}' : could not resolve address.`);
    if (result < 0) speaker.warning(`log target '${target.source}' : ${errnoText(-result)}.`);
  }
}
