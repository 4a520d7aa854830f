/** `show sess`, `shutdown session`, `shutdown sessions server`: streams under way. They belong to the data threads, which are asked for
 * bounded pieces, one after the other; what begins or ends meanwhile may be missing or told.
 */
import { parseTime } from '../base/time.ts';
import type { ListenerAddress } from '../model/listener.ts';
import type { StreamFacts } from '../model/stream-facts.ts';
import { type Answer, fail, type SettledAnswer } from './answer.ts';
import { type Command, type Control, command } from './command.ts';
import { findServer, isNamed } from './find-server.ts';
import { streamId, streamOfId } from './stream-id.ts';

const HELP =
  'Usage: show sess [<id> | all | help] [<options>*]\n' +
  "Dumps active streams (formerly called 'sessions'). Available selectors:\n" +
  '   <id>         dump only this stream identifier (0x...)\n' +
  '   all          dump all matching streams in large format\n' +
  '   help         show this message\n' +
  '   susp         report streams considered suspicious\n' +
  'Available options: \n' +
  '   show-uri     also display the transaction URI, if available\n' +
  '   older <age>  only display streams older than <age> seconds\n' +
  '   server <b/s> only show streams attached to this backend+server\n' +
  '   backend <b>  only show streams attached to this backend\n' +
  '   frontend <f> only show streams attached to this frontend\n' +
  'Without any argument, all streams are dumped in a shorter format.\n';

/** A stream is suspicious when it has a server and nothing else for so long. */
const SUSPICIOUS_MS = 3_600_000;

interface Wanted {
  readonly isLarge: boolean;
  readonly showsUri: boolean;
  readonly minAgeMs: number;
  readonly id: { thread: number; stream: number; generation: number } | undefined;
  matches(stream: StreamFacts): boolean;
}

type Words = readonly string[];

/** The objects named by `server`, `backend` and `frontend`, one at most. */
function readTarget(control: Control, what: string, name: string | undefined): Wanted['matches'] | string {
  const { proxies } = control.source.configuration;
  if (what === 'server') {
    if (name === undefined) return 'Missing server name (<backend>/<server>).\n';
    const found = findServer(control, name);
    if ('error' in found) return found.error;
    return (stream) => stream.server === found.record.server.index;
  }
  if (name === undefined) return `Missing ${what} name.\n`;
  const isBackend = what === 'backend';
  const proxy = proxies.find((one) => (isBackend ? one.isBackend : one.isFrontend) && isNamed(one, name));
  if (proxy === undefined) return `No such ${what}.\n`;
  return (stream) => (isBackend ? stream.backend : stream.frontend) === proxy.index;
}

interface Draft {
  isLarge: boolean;
  showsUri: boolean;
  isSuspicious: boolean;
  minAgeMs: number;
  target: Wanted['matches'] | undefined;
}

/** Reads `older <age>` at <at>; returns what is wrong, or ''. */
function readAge(draft: Draft, text: string | undefined): string {
  if (text === undefined) return 'Expects a minimum age (in seconds by default).\n';
  const time = parseTime(text, 's');
  if ('error' in time) return 'Invalid age.\n';
  draft.minAgeMs = time.ms;
  return '';
}

/** Reads the options from <at> on; returns what is wrong, or ''. */
function readOptions(control: Control, words: Words, from: number, draft: Draft): string {
  for (let at = from; at < words.length; at++) {
    const word = words[at] as string;
    if (word === 'show-uri') draft.showsUri = true;
    else if (word === 'susp') draft.isSuspicious = true;
    else if (word === 'older') {
      const wrong = readAge(draft, words[++at]);
      if (wrong !== '') return wrong;
    } else if (word === 'server' || word === 'backend' || word === 'frontend') {
      if (draft.target !== undefined) return 'Only one of backend, frontend or server may be set.\n';
      const target = readTarget(control, word, words[++at]);
      if (typeof target === 'string') return target;
      draft.target = target;
    } else return `Unsupported option '${word}', try 'help' for more info.\n`;
  }
  return '';
}

function readWanted(control: Control, words: Words): Wanted | string {
  const [first] = words;
  if (first === 'help') return HELP;
  const id = streamOfId(first ?? '');
  const isLarge = first === 'all' || first === 'older' || id !== undefined;
  const draft: Draft = { isLarge, showsUri: false, isSuspicious: false, minAgeMs: 0, target: undefined };
  const wrong = readOptions(control, words, first === 'all' || id !== undefined ? 1 : 0, draft);
  if (wrong !== '') return wrong;
  const { target, isSuspicious } = draft;
  return {
    ...draft,
    id,
    matches: (stream) => {
      if (isSuspicious && !(stream.server >= 0 && stream.ageMs >= SUSPICIOUS_MS)) return false;
      if (stream.ageMs < draft.minAgeMs) return false;
      if (id !== undefined && (id.stream !== stream.stream || id.generation !== stream.generation))
        return false;
      return target === undefined || target(stream);
    },
  };
}

/** `1d2h`, `3m4s`: the two largest units. */
export function ageText(ms: number): string {
  let seconds = Math.floor(ms / 1000);
  const parts: string[] = [];
  for (const [unit, size] of [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
  ] as const) {
    const count = Math.floor(seconds / size);
    if (count > 0 && parts.length < 2) parts.push(`${count}${unit}`);
    seconds -= count * size;
  }
  if (parts.length < 2 && (seconds > 0 || parts.length === 0)) parts.push(`${seconds}s`);
  return parts.join('');
}

function protocolOf(stream: StreamFacts): string {
  if (stream.family === 0) return 'unix_stream';
  return stream.family === 4 ? 'tcpv4' : 'tcpv6';
}

function sourceText(control: Control, stream: StreamFacts): string {
  if (stream.family !== 0) return stream.source;
  return `unix:${control.source.configuration.listeners[stream.listener]?.id ?? 1}`;
}

/** One line for a stream, in HAProxy's order; what belongs to HAProxy's inside has its empty value. */
function shortLine(control: Control, stream: StreamFacts, wanted: Wanted): string {
  const { proxies, servers } = control.source.configuration;
  const uri = wanted.showsUri && stream.uri !== '' ? ` uri="${stream.method} ${stream.uri}"` : '';
  const side = `f=00h,i=0,an=00h,ax=`;
  return (
    `${streamId(stream)}: proto=${protocolOf(stream)} src=${sourceText(control, stream)} ` +
    `fe=${proxies[stream.frontend]?.name ?? '<NONE>'} be=${proxies[stream.backend]?.name ?? '<NONE>'} ` +
    `srv=${servers[stream.server]?.name ?? '<none>'} ts=00 epoch=0 age=${ageText(stream.ageMs)} ` +
    `calls=${stream.requests} rate=0 cpu=0 lat=0 rq[${side}] rp[${side}] ` +
    `scf=[8,0h,fd=-1,rex=,wex=] scb=[8,0h,fd=-1,rex=,wex=] exp= rc=${stream.retries} c_exp=${uri}\n`
  );
}

function addressText(address: ListenerAddress | undefined): string {
  if (address === undefined) return '?';
  return address.kind === 'ipv4' || address.kind === 'ipv6'
    ? `${address.host || '*'}:${address.port}`
    : address.source;
}

/** The large format: HAProxy's first lines, without those about its own inside. */
function largeText(control: Control, stream: StreamFacts): string {
  const { proxies, servers, listeners } = control.source.configuration;
  const frontend = proxies[stream.frontend];
  const listener = listeners[stream.listener];
  const backend = proxies[stream.backend];
  const server = servers[stream.server];
  const began = new Date(Date.now() - stream.ageMs).toISOString();
  const request =
    stream.method === ''
      ? ''
      : `  request="${stream.method} ${stream.uri}" answered=${Number(stream.isAnswered)}\n`;
  return (
    `${streamId(stream)}: [${began}] id=${stream.stream} proto=${protocolOf(stream)} source=${sourceText(control, stream)}\n` +
    `  conn_retries=${stream.retries} requests=${stream.requests} thread=${stream.thread + 1} age=${ageText(stream.ageMs)}\n` +
    `  frontend=${frontend?.name ?? '<NONE>'} (id=${frontend?.id ?? -1} mode=${frontend?.mode ?? '-'}), ` +
    `listener=${listener?.name || '?'} (id=${listener?.id ?? -1}) addr=${addressText(listener?.address)}\n` +
    `  backend=${backend?.name ?? '<NONE>'} (id=${backend?.id ?? -1} mode=${backend?.mode ?? '-'})\n` +
    `  server=${server?.name ?? '<NONE>'} (id=${server?.id ?? -1})` +
    `${server?.resolved === undefined ? '' : ` addr=${server.resolved.host}:${server.resolved.port}`}\n${request}`
  );
}

/** All pieces of all threads as one text; memory is bounded by what streams there are. */
async function listed(control: Control, wanted: Wanted): Promise<SettledAnswer> {
  const { streams } = control;
  const first = Math.max(0, wanted.id?.thread ?? 0);
  const last = wanted.id?.thread ?? streams.threads - 1;
  let text = '';
  for (let thread = first; thread <= last && thread < streams.threads; thread++) {
    for (let from = 0; from >= 0; ) {
      const piece = await streams.list(thread, from);
      for (const stream of piece.streams) {
        if (!wanted.matches(stream)) continue;
        text += wanted.isLarge ? largeText(control, stream) : shortLine(control, stream, wanted);
      }
      from = piece.next;
    }
  }
  if (wanted.id !== undefined && text === '') return fail('Session not found.\n');
  return text;
}

function showSessions(control: Control, args: Words): Answer {
  const wanted = readWanted(control, args);
  return typeof wanted === 'string' ? fail(wanted) : listed(control, wanted);
}

function shutSession(control: Control, [text]: Words): Answer {
  const id = streamOfId(text ?? '');
  if (id === undefined) return fail("Session pointer expected (use 'show sess').\n");
  return control.streams
    .shut(id)
    .then((count): SettledAnswer => (count === 0 ? fail("No such session (use 'show sess').\n") : ''));
}

function shutServer(control: Control, [name]: Words): Answer {
  const found = findServer(control, name);
  if ('error' in found) return fail(found.error);
  return control.streams.shut({ server: found.record.server.index }).then(() => '');
}

export const streamCommands: readonly Command[] = [
  command(
    'show sess',
    '[help|<id>|all] [opts...]',
    'report the list of current streams or dump this exact stream',
    'operator',
    showSessions,
  ),
  command('shutdown session', '[id]', 'kill a specific session', 'admin', shutSession),
  command('shutdown sessions server', '<bk>/<srv>', 'kill sessions on a server', 'admin', shutServer),
];
