/** `redirect`: an answer whose Location is made of the rule and of the request. Also the old `redirect` keyword of a section, whose
 * words are the same.
 */
import { parseLogFormat } from '../log/log-format.ts';
import { fieldName } from '../model/field-name.ts';
import type { Word } from '../model/place.ts';
import { type ReplyBody, reasonOf } from '../model/reply.ts';
import { ACTION_CONTINUE, ACTION_DONE, type LogFormat } from '../model/rules.ts';
import type { Stream } from '../model/stream.ts';
import { pathOf, pathqOf, queryOf } from '../sample/target.ts';
import { phaseLetter } from './answer.ts';
import { type ActionLine, action, atEnd, takeWord } from './declare.ts';

interface RedirectWords {
  kind: 'location' | 'prefix' | 'scheme' | undefined;
  target: LogFormat | undefined;
  code: number;
  dropsQuery: boolean;
  keepsQuery: boolean;
  appendsSlash: boolean;
  ignoresEmpty: boolean;
  cookie: LogFormat | undefined;
}

const CODES = [301, 302, 303, 307, 308];
const ALLOWED =
  'location, prefix, scheme, code, set-cookie, set-cookie-fmt, clear-cookie, drop-query, keep-query, append-slash, ignore-empty';

function readTarget(line: ActionLine, words: RedirectWords, keyword: Word): boolean {
  const word = takeWord(line, 'a format');
  if (word === undefined) return false;
  words.kind = keyword.text as RedirectWords['kind'];
  words.target = parseLogFormat(word, line.ctx, { use: 'http' });
  return words.target !== undefined;
}

function readCode(line: ActionLine, words: RedirectWords): boolean {
  const word = takeWord(line, 'a status');
  if (word === undefined) return false;
  words.code = Number(word.text);
  if (CODES.includes(words.code)) return true;
  line.ctx.alerts.alert(
    `'code' : unsupported HTTP code '${word.text}'.`,
    word,
    `Allowed: ${CODES.join(', ')}.`,
  );
  return false;
}

/** `name[=value]` to set, `name[=]` to clear. */
function readCookie(line: ActionLine, words: RedirectWords, keyword: Word): boolean {
  const word = takeWord(line, 'a cookie name');
  if (word === undefined) return false;
  const clears = keyword.text === 'clear-cookie';
  const text = clears
    ? `${word.text.includes('=') ? word.text : `${word.text}=`}; path=/; Max-Age=0;`
    : keyword.text === 'set-cookie'
      ? `${word.text}; path=/;`
      : word.text;
  if (keyword.text === 'set-cookie-fmt') {
    words.cookie = parseLogFormat(word, line.ctx, { use: 'http' });
    return words.cookie !== undefined;
  }
  words.cookie = { source: text, constant: text, build: () => text };
  return true;
}

function readKeyword(line: ActionLine, words: RedirectWords, keyword: Word): boolean {
  switch (keyword.text) {
    case 'location':
    case 'prefix':
    case 'scheme':
      return readTarget(line, words, keyword);
    case 'code':
      return readCode(line, words);
    case 'set-cookie':
    case 'set-cookie-fmt':
    case 'clear-cookie':
      return readCookie(line, words, keyword);
    case 'drop-query':
      words.dropsQuery = true;
      return true;
    case 'keep-query':
      words.keepsQuery = true;
      return true;
    case 'append-slash':
      words.appendsSlash = true;
      return true;
    case 'ignore-empty':
      words.ignoresEmpty = true;
      return true;
    default:
      line.ctx.alerts.alert(
        `'${keyword.text}' is not a keyword of redirect.`,
        keyword,
        `Allowed: ${ALLOWED}, then if or unless.`,
      );
      return false;
  }
}

function readWords(line: ActionLine): RedirectWords | undefined {
  const words: RedirectWords = {
    kind: undefined,
    target: undefined,
    code: 302,
    dropsQuery: false,
    keepsQuery: false,
    appendsSlash: false,
    ignoresEmpty: false,
    cookie: undefined,
  };
  while (!atEnd(line.cursor)) {
    const keyword = line.cursor.words[line.cursor.position] as Word;
    line.cursor.position++;
    if (!readKeyword(line, words, keyword)) return undefined;
  }
  if (words.kind !== undefined) return words;
  line.ctx.alerts.alert("redirect expects 'location', 'prefix' or 'scheme'.", line.word);
  return undefined;
}

/** What is behind the prefix: path and query, as the rule wants them. */
function tail(stream: Stream, words: RedirectWords): string {
  const { target } = stream.request;
  const text = (words.dropsQuery ? pathOf(target) : pathqOf(target)) ?? '';
  return words.appendsSlash && words.dropsQuery && !text.endsWith('/') ? `${text}/` : text;
}

const HOST = fieldName('host');

function hostOf(stream: Stream): string {
  return stream.request.get(HOST.id, HOST.name) ?? '';
}

function locationOf(stream: Stream, words: RedirectWords): string {
  const given = (words.target as LogFormat).build(stream);
  switch (words.kind) {
    case 'prefix':
      // A prefix of a single slash adds nothing: every path has one already.
      return given === '/' ? tail(stream, words) : given + tail(stream, words);
    case 'scheme':
      return `${given}://${hostOf(stream)}${tail(stream, words)}`;
    default: {
      const query = words.keepsQuery ? queryOf(stream.request.target) : undefined;
      if (query === undefined || query === '') return given;
      return `${given}${given.includes('?') ? '&' : '?'}${query}`;
    }
  }
}

const EMPTY = Buffer.alloc(0);

function messageOf(stream: Stream, words: RedirectWords, location: string): ReplyBody {
  const names = ['content-length', 'location'];
  const values = ['0', location];
  if (words.code === 302 || words.code === 303 || words.code === 307) {
    names.push('cache-control');
    values.push('no-cache');
  }
  if (words.cookie !== undefined) {
    names.push('set-cookie');
    values.push(words.cookie.build(stream));
  }
  return { status: words.code, reason: reasonOf(words.code), names, values, body: EMPTY, closes: false };
}

export const redirectActions = [
  action({
    name: 'redirect',
    from: ['http-request', 'http-response'],
    usage: '{ location | prefix | scheme } <format> [code <code>] [<option>]…',
    parse(line) {
      const words = readWords(line);
      if (words === undefined) return undefined;
      if (line.ruleSet === 'http-response' && words.kind !== 'location') {
        line.ctx.alerts.alert(
          `a redirect of a response supports only 'location', not '${words.kind}'.`,
          line.word,
        );
        return undefined;
      }
      const termination = `L${phaseLetter(line.ruleSet)}`;
      return (stream) => {
        if (words.ignoresEmpty && (words.target as LogFormat).build(stream) === '') return ACTION_CONTINUE;
        const message = messageOf(stream, words, locationOf(stream, words));
        stream.reply = { status: words.code, termination, message, isDefaultPage: false };
        return ACTION_DONE;
      };
    },
  }),
];
