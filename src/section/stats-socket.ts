/** `stats socket <address> [options]`: where the runtime API listens, and what its clients may do. */
import { type Argument, custom } from '../config/argument.ts';
import { type Keyword, keyword } from '../config/keyword.ts';
import type { Word, WordCursor } from '../config/place.ts';
import type { StatsSocket } from '../model/configuration.ts';
import type { ListenerAddress } from '../model/listener.ts';
import { listenerAddresses } from './bind.ts';
import { readBindOptions } from './bind-options.ts';
import { addressTexts, parseEndpoint } from './endpoint.ts';
import type { GlobalSection } from './global.ts';
import type { Reading } from './reading.ts';

const LEVELS = ['user', 'operator', 'admin'] as const;

/** Reads the address and options of a socket of the runtime API; undefined when an alert was given. */
export function readStatsSocket(cursor: WordCursor, reading: Reading): StatsSocket[] | undefined {
  const at = cursor.words[cursor.position++] as Word;
  const addresses: ListenerAddress[] = [];
  for (const text of addressTexts(reading.variables.expand(at.text))) {
    const endpoint = parseEndpoint(text);
    if ('error' in endpoint) {
      cursor.alerts.alert(`'stats socket' : ${endpoint.error}`, at, endpoint.advice);
      return undefined;
    }
    const found = listenerAddresses(endpoint, cursor, at, reading);
    if (found === undefined) return undefined;
    // One by one: a range of ports is more than a call may have arguments.
    for (const address of found) addresses.push(address);
  }
  const fields = {
    name: '',
    id: 0,
    maxconn: 0,
    backlog: 0,
    v6only: false,
    v4v6: false,
    mode: undefined,
    uid: undefined,
    gid: undefined,
    settings: new Map<string, readonly string[]>(),
  };
  readBindOptions(cursor, [fields], `stats socket ${at.text}`, reading);
  const level = fields.settings.get('level')?.[0] ?? 'operator';
  const known = LEVELS.find((name) => name === level);
  if (known === undefined) {
    const levelAt = cursor.words.find((word) => word.text === level);
    cursor.alerts.alert(
      `'stats socket' does not know the level '${level}'.`,
      levelAt,
      `Allowed: ${LEVELS.join(', ')}.`,
    );
    return undefined;
  }
  const exposed = fields.settings.get('expose-fd')?.[0] ?? 'listeners';
  if (exposed !== 'listeners') {
    const exposedAt = cursor.words.find((word) => word.text === exposed);
    cursor.alerts.alert(`'expose-fd' does not know '${exposed}'.`, exposedAt, 'Allowed: listeners.');
    return undefined;
  }
  return addresses.map((address) => ({
    ...address,
    place: cursor.place,
    level: known,
    mode: fields.mode,
    uid: fields.uid,
    gid: fields.gid,
    namespace: fields.settings.get('namespace')?.[0] ?? '',
    device: fields.settings.get('interface')?.[0] ?? '',
    exposeListeners: fields.settings.get('expose-fd')?.[0] === 'listeners',
  }));
}

export const statsSocketKeywords: readonly Keyword<GlobalSection>[] = [
  keyword<GlobalSection, readonly [Argument<unknown>]>({
    name: 'stats socket',
    args: [custom('<address> [<option>]...')],
    parse({ target, cursor }) {
      const sockets = readStatsSocket(cursor, target.reading);
      for (const socket of sockets ?? []) target.settings.statsSockets.push(socket);
    },
  }),
];
