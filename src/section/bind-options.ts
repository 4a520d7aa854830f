/** What may follow the addresses of a `bind` line (and of `stats socket`): each option sets fields of the listeners that the line
 * made.
 */
import { type Argument, integer, size, time, word } from '../config/argument.ts';
import { readValues } from '../config/keyword.ts';
import { isNameElsewhere } from '../config/known-elsewhere.ts';
import { didYouMean } from '../config/nearest.ts';
import type { Word, WordCursor } from '../config/place.ts';
import type { Listener } from '../model/listener.ts';
import type { Reading } from './reading.ts';

type Fields = Pick<
  Listener,
  'name' | 'id' | 'maxconn' | 'backlog' | 'v6only' | 'v4v6' | 'mode' | 'uid' | 'gid' | 'settings'
>;

interface BindOption {
  readonly name: string;
  readonly args: readonly Argument<unknown>[];
  /** Returns a text when something is wrong with the value. */
  set(listener: Fields, values: readonly unknown[], reading: Reading): unknown;
}

function option<const Args extends readonly Argument<unknown>[]>(
  name: string,
  args: Args,
  set: (
    listener: Fields,
    values: { [K in keyof Args]: Args[K] extends Argument<infer T> ? T : never },
    reading: Reading,
  ) => unknown,
): BindOption {
  return {
    name,
    args,
    set: (listener, values, reading) => set(listener, values as never, reading),
  };
}

/** An option without a field of its own: kept for the room that knows it. */
function kept(name: string, ...args: Argument<unknown>[]): BindOption {
  return option(name, args, (listener, values) => {
    listener.settings.set(name, values.map(String));
  });
}

export const BIND_OPTIONS: readonly BindOption[] = [
  option('name', [word()], (listener, [name]) => {
    listener.name = name;
  }),
  option('id', [integer('<id>', 1)], (listener, [id]) => {
    listener.id = id;
  }),
  option('maxconn', [integer('<maxconn>')], (listener, [maxconn]) => {
    listener.maxconn = maxconn;
  }),
  option('backlog', [integer('<backlog>')], (listener, [backlog]) => {
    listener.backlog = backlog;
  }),
  option('v6only', [], (listener) => {
    listener.v6only = true;
    listener.v4v6 = false;
  }),
  option('v4v6', [], (listener) => {
    listener.v4v6 = true;
    listener.v6only = false;
  }),
  option('mode', [word('<mode>')], (listener, [mode]) => {
    if (!/^[0-7]{1,4}$/.test(mode)) return `missing or invalid mode '${mode}' (octal integer expected)`;
    listener.mode = Number.parseInt(mode, 8);
    return undefined;
  }),
  option('uid', [integer('<uid>')], (listener, [uid]) => {
    listener.uid = uid;
  }),
  option('gid', [integer('<gid>')], (listener, [gid]) => {
    listener.gid = gid;
  }),
  option('user', [word('<user>')], (listener, [name], reading) => {
    listener.uid = reading.userId(name);
    return listener.uid === undefined ? `unknown user name '${name}'` : undefined;
  }),
  option('group', [word('<group>')], (listener, [name], reading) => {
    listener.gid = reading.groupId(name);
    return listener.gid === undefined ? `unknown group name '${name}'` : undefined;
  }),
  kept('accept-proxy'),
  kept('defer-accept'),
  kept('interface', word('<interface>')),
  kept('namespace', word('<name>')),
  kept('mss', integer('<mss>', -0xffff, 0xffff)),
  kept('tcp-ut', time()),
  kept('tfo'),
  kept('transparent'),
  kept('nice', integer('<nice>', -1024, 1024)),
  kept('severity-output', word('<format>')),
  kept('level', word('<level>')),
  kept('expose-fd', word('<param>')),
  kept('proto', word('<name>')),
  kept('guid-prefix', word('<prefix>')),
  kept('rcvbuf', size()),
];

/** Options that are read but do nothing yet. */
export const NOT_BUILT: ReadonlySet<string> = new Set([
  'defer-accept',
  'guid-prefix',
  'mss',
  'nice',
  'proto',
  'rcvbuf',
  'severity-output',
  'tcp-ut',
  'tfo',
  'transparent',
]);

const BY_NAME = new Map(BIND_OPTIONS.map((entry) => [entry.name, entry]));

/** Names of options that take arguments elsewhere: skipped with them, so that one notice is enough. */
function skipUnknown(cursor: WordCursor): void {
  while (cursor.peek() !== undefined && !BY_NAME.has(cursor.peek() as string)) {
    if (isNameElsewhere('bind', cursor.peek() as string)) return;
    cursor.next();
  }
}

/** Reads the options that are left on the line into <listeners>; <called> is `bind :80` for messages. */
export function readBindOptions(
  cursor: WordCursor,
  listeners: readonly Fields[],
  called: string,
  reading: Reading,
): void {
  while (cursor.position < cursor.words.length) {
    const at = cursor.words[cursor.position] as Word;
    const entry = BY_NAME.get(at.text);
    cursor.position++;
    if (at.text === 'ssl' && entry === undefined) {
      const advice = 'Clients would be answered in the clear, so it is refused instead of ignored.';
      cursor.alerts.alert(`'${called}' : 'ssl' needs TLS, which is not built yet in Sluice.`, at, advice);
      return;
    }
    if (entry === undefined && isNameElsewhere('bind', at.text)) {
      cursor.alerts.notice(
        `'${called}' : '${at.text}' is known to HAProxy but not built yet in Sluice; ignored.`,
        at,
      );
      skipUnknown(cursor);
      continue;
    }
    if (entry === undefined) {
      const meant = didYouMean(at.text, BY_NAME.keys());
      const message = `'${called}' : unknown keyword '${at.text}'${meant}`;
      const built = [...BY_NAME.keys()].filter((name) => !NOT_BUILT.has(name));
      cursor.alerts.alert(message, at, meant === '' ? `Options of bind: ${built.sort().join(', ')}.` : '');
      return;
    }
    const values = readValues(entry.name, entry.args, cursor, true);
    if (values === undefined) return;
    for (const listener of listeners) {
      const wrong = entry.set(listener, values, reading);
      if (typeof wrong !== 'string') continue;
      cursor.alerts.alert(`'${called}' : '${entry.name}' : ${wrong}`, cursor.words[cursor.position - 1]);
      break;
    }
    if (NOT_BUILT.has(entry.name)) {
      cursor.alerts.notice(
        `'${called}' : '${entry.name}' is known to HAProxy but not built yet in Sluice; ignored.`,
        at,
      );
    }
  }
}
