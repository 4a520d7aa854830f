/** Where log lines go: each target of the configuration is opened in the engine once, by index. A target that cannot be opened costs its
 * lines, never the start; a unix socket that nobody listens on yet (the log daemon starts later) is tried again.
 */
import { errnoText } from '../check/errno-text.ts';
import type { Configuration } from '../model/configuration.ts';
import type { LogTarget } from '../model/proxy.ts';
import type { Addon } from '../native/addon.ts';
import { logTargetSockaddr } from './addresses.ts';
import type { Speaker } from './say.ts';

const DATAGRAM = 0;
const DESCRIPTOR = 1;
/** How often a unix socket that is not there is looked for. */
const RETRY_MS = 1000;

/** Opens target <index>; 0 or -errno. */
function open(addon: Addon, index: number, target: LogTarget, sockaddr: Uint8Array): number {
  if (target.kind === 'fd') return addon.setLogTarget(index, DESCRIPTOR, sockaddr, target.fd);
  return addon.setLogTarget(index, DATAGRAM, sockaddr, -1);
}

function retry(addon: Addon, index: number, target: LogTarget, sockaddr: Uint8Array): void {
  const timer = setInterval(() => {
    if (open(addon, index, target, sockaddr) >= 0) clearInterval(timer);
  }, RETRY_MS);
  timer.unref();
}

export async function openLogTargets(
  addon: Addon,
  configuration: Configuration,
  speaker: Speaker,
): Promise<void> {
  for (const [index, target] of configuration.logTargets.entries()) {
    const sockaddr = await logTargetSockaddr(target);
    if (target.kind === 'udp' && sockaddr.length === 0) {
      speaker.warning(`log target '${target.source}' : could not resolve address.`);
      continue;
    }
    const result = open(addon, index, target, sockaddr);
    if (result >= 0) continue;
    if (target.kind === 'unix') retry(addon, index, target, sockaddr);
    else speaker.warning(`log target '${target.source}' : ${errnoText(-result)}.`);
  }
}
