/** The sockets of the master's runtime API, as `-S <address>[,<bind option>,…]` names them: opened once, kept as long as the master lives,
 * its program replaced or not.
 */
import { type Level, newClient } from '../../cli/command.ts';
import { MasterSession } from '../../cli/master-session.ts';
import { CliServer } from '../../cli/server.ts';
import { diskLoader } from '../../config/load.ts';
import type { Addon } from '../../native/addon.ts';
import { parseEndpoint } from '../../section/endpoint.ts';
import { OldProcesses } from '../old-processes.ts';
import { type Opened, SocketOpener, type SocketSettings } from '../sockets.ts';
import type { Door } from './door.ts';

/** Clients at once. */
const CLIENTS_MAX = 100;
/** How long one may be silent; HAProxy's master never ends it. */
const SILENCE_MAX_MS = 0;
const BACKLOG = 64;
const LEVELS: readonly Level[] = ['user', 'operator', 'admin'];

interface Wanted {
  readonly settings: SocketSettings;
  readonly level: Level;
}

type Options = Partial<Record<'level' | 'mode' | 'uid' | 'gid' | 'user' | 'group', string>>;

/** Bind options in pairs; those that say nothing to a socket of this kind are passed over. */
function optionsOf(words: readonly string[]): Options {
  const options: Options = {};
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as keyof Options;
    if (['level', 'mode', 'uid', 'gid', 'user', 'group'].includes(word)) options[word] = words[++at] ?? '';
  }
  return options;
}

function idOf(number: string | undefined, found: number | undefined): number | undefined {
  return number === undefined ? found : Number(number);
}

/** What <text> asks for, or what is wrong with it. */
export function readMasterSocket(text: string): Wanted | string {
  const [place = '', ...words] = text.split(',');
  const endpoint = parseEndpoint(place);
  if ('error' in endpoint) return endpoint.error;
  const { kind, host, port, fd, source } = endpoint;
  if (kind === 'name') return `'${place}' is not an address`;
  const { level = 'admin', mode, uid, gid, user, group } = optionsOf(words);
  const known = LEVELS.find((one) => one === level);
  if (known === undefined) return `the level '${level}' is not one of ${LEVELS.join(', ')}`;
  return {
    level: known,
    settings: {
      address: { kind, host, port, fd, source },
      backlog: BACKLOG,
      v6only: false,
      v4v6: false,
      namespace: '',
      device: '',
      mode: mode === undefined ? undefined : Number.parseInt(mode, 8),
      uid: idOf(uid, user === undefined ? undefined : diskLoader.userId(user)),
      gid: idOf(gid, group === undefined ? undefined : diskLoader.groupId(group)),
    },
  };
}

/** Opens what <texts> name, except for those that <known> has by now; answers descriptors by text, or a sentence. */
export function openMasterSockets(
  addon: Addon,
  texts: readonly string[],
  known: Readonly<Record<string, number>>,
): Record<string, number> | string {
  const opener = new SocketOpener(addon, new OldProcesses([], []));
  const open: Record<string, number> = {};
  for (const text of texts) {
    const wanted = readMasterSocket(text);
    if (typeof wanted === 'string') return `master CLI '${text}' : ${wanted}`;
    const inherited = known[text];
    const opened: Opened = inherited === undefined ? opener.open(wanted.settings) : { fd: inherited };
    if ('error' in opened) return `master CLI '${text}' : ${opened.error}`;
    open[text] = opened.fd;
  }
  return open;
}

/** Answers on <sockets>. */
export function serveMasterApi(door: Door, sockets: Readonly<Record<string, number>>): CliServer {
  const newTalk = (level: Level) => new MasterSession(door, newClient(level, SILENCE_MAX_MS));
  const server = new CliServer(newTalk, { connections: CLIENTS_MAX });
  const listening = Object.entries(sockets).map(([text, fd]) => {
    const wanted = readMasterSocket(text);
    return { fd, level: typeof wanted === 'string' ? ('user' as const) : wanted.level };
  });
  server.listen(listening);
  return server;
}
