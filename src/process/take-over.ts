/** Which process the listening sockets come from: the one that `-x` names, else the one that HAPROXY_STATS_SOCKET does (service units
 * set it), else none.
 */
import type { CommandLine } from '../config/command-line.ts';
import type { Addon } from '../native/addon.ts';
import type { Speaker } from './say.ts';
import { takeSockets } from './transfer-client.ts';
import type { TransferredSockets } from './transferred-sockets.ts';

/** `-x /dev/null`, as HAProxy has it: from nobody. */
const NOBODY = '/dev/null';

/** The runtime API socket to ask, '' = none. */
export function transferPath(line: CommandLine, environment: NodeJS.ProcessEnv): string {
  const path = line.transferSocket || (environment['HAPROXY_STATS_SOCKET'] ?? '');
  return path === NOBODY ? '' : path;
}

/** undefined: all sockets are to be bound; 'refused': it was said why, and the start is over. */
export function askForSockets(
  addon: Addon,
  line: CommandLine,
  environment: NodeJS.ProcessEnv,
  speaker: Speaker,
): TransferredSockets | 'refused' | undefined {
  const isAsked = line.transferSocket !== '';
  const path = transferPath(line, environment);
  if (path === '') return undefined;
  const result = takeSockets(addon, path);
  if ('sockets' in result) return result.sockets;
  if ('absent' in result) {
    // A unit sets the variable for the first start too.
    const text = `Failed to connect to the old process socket '${path}' (${result.absent}): sockets are bound anew.`;
    if (isAsked) speaker.warning(text);
    return undefined;
  }
  const text = `Failed to get the sockets from the old process behind '${path}': ${result.refusal}!`;
  if (isAsked) speaker.alert(text);
  else speaker.warning(text);
  return isAsked ? 'refused' : undefined;
}
