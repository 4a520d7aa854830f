/** Network namespaces that servers are reached in: opened once while the process starts, as long as it may. Listeners' are the opener's.
 */
import { errnoText } from '../check/errno-text.ts';
import type { Configuration } from '../model/configuration.ts';
import type { Addon } from '../native/addon.ts';
import type { Speaker } from './say.ts';

/** Gives every server with `namespace` a descriptor of it. False: it was said why that cannot be, and the start is over. */
export function openNamespaces(addon: Addon, configuration: Configuration, speaker: Speaker): boolean {
  const { servers, global } = configuration;
  const wanting = servers.filter((server) => server.settings.has('namespace'));
  if (wanting.length === 0) return true;
  if (global.uid !== undefined && global.uid !== 0) {
    const text =
      "[sluice.main()] Some configuration options require full privileges, so global.uid cannot be changed: 'namespace' of a server.";
    speaker.alert(text);
    return false;
  }
  if (process.geteuid?.() !== 0)
    speaker.warning('[sluice.main()] Some options which require full privileges might not work well.');
  const known = new Map<string, number>();
  for (const server of wanting) {
    const name = server.settings.get('namespace')?.[0] ?? '';
    const fd = known.get(name) ?? addon.netnsOpen(name);
    if (fd < 0) {
      const { place, proxy } = server;
      const called = `'server ${proxy.name}/${server.name}'`;
      speaker.alert(
        `[${place.file}:${place.line}] : ${called} : cannot open namespace '${name}' (${errnoText(-fd)}).`,
      );
      return false;
    }
    known.set(name, fd);
    server.netnsFd = fd;
  }
  return true;
}
