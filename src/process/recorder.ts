/** The flight recorder is made and told all names once, by main, before any engine is: afterwards the engines write it, and whoever
 * looks after a death reads it (native/record.ts). The process owns its memory; the master may hold it too.
 */
import type { Configuration } from '../model/configuration.ts';
import type { Addon } from '../native/addon.ts';

function namesOf(configuration: Configuration): string[] {
  const { proxies, servers, listeners } = configuration;
  return [
    ...proxies.map((proxy) => proxy.name),
    ...servers.map((server) => server.name),
    ...listeners.map((listener) => listener.name || listener.address.source),
  ];
}

/** The descriptor of its memory, for the caller to give away or close; -1 when there is none: the recorder is a help, never a reason not
 * to serve.
 */
export function openRecorder(addon: Addon, configuration: Configuration, engines: number): number {
  const { proxies, servers, listeners } = configuration;
  const descriptor = addon.recorderCreate(-1, engines, proxies.length, servers.length, listeners.length);
  if (descriptor < 0) return -1;
  addon.recorderNames(`${namesOf(configuration).join('\0')}\0`);
  return descriptor;
}
