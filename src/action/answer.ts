/** Actions that answer instead of a server: deny, tarpit, return. What does not depend on the request is made once; the rest is built
 * when the rule holds. Status, fields and body are written as HAProxy writes them: the rule's own fields first.
 */
import { parseLogFormat } from '../log/log-format.ts';
import { isFieldName } from '../model/field-name.ts';
import type { Word } from '../model/place.ts';
import { type Reply, type ReplyBody, reasonOf, SILENT_REPLY } from '../model/reply.ts';
import { parseReply } from '../model/reply-message.ts';
import { ACTION_DONE, type LogFormat, type RuleSet } from '../model/rules.ts';
import type { Stream } from '../model/stream.ts';
import { type ActionLine, action, atEnd, takeWord } from './declare.ts';

/** Bytes an answer's body may have. */
export const ANSWER_BODY_MAX_BYTES = 65536;

interface Field {
  readonly name: string;
  readonly value: LogFormat;
}

/** What the words of an answer said. */
interface AnswerWords {
  status: number | undefined;
  contentType: string | undefined;
  /** A whole message from a file, or the page of the status. */
  message: ReplyBody | undefined;
  isDefaultPage: boolean;
  /** Some word chose where the body comes from. */
  source: string | undefined;
  body: Buffer | undefined;
  format: LogFormat | undefined;
  readonly fields: Field[];
}

/** Statuses that have an error page: the only ones deny, tarpit and `errorfile` may give without a body. */
const PAGE_STATUSES: readonly number[] = [
  200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 414, 421, 422, 425, 429, 431, 500, 501, 502, 503, 504,
  505,
];

function readStatus(line: ActionLine, words: AnswerWords): boolean {
  const word = takeWord(line, 'a status code');
  if (word === undefined) return false;
  const status = Number(word.text);
  if (!/^\d{3}$/.test(word.text) || status < 200 || status > 599) {
    line.ctx.alerts.alert(`'status' expects an integer between 200 and 599, not '${word.text}'.`, word);
    return false;
  }
  words.status = status;
  return true;
}

function chooseSource(line: ActionLine, words: AnswerWords, keyword: Word): boolean {
  if (words.source === undefined) {
    words.source = keyword.text;
    return true;
  }
  line.ctx.alerts.alert(`'${keyword.text}' is incompatible with '${words.source}'.`, keyword);
  return false;
}

function readBody(line: ActionLine, words: AnswerWords, keyword: Word): boolean {
  if (!chooseSource(line, words, keyword)) return false;
  const word = takeWord(line, keyword.text.endsWith('file') ? 'a file name' : 'a text');
  if (word === undefined) return false;
  const isFile = keyword.text === 'file' || keyword.text === 'lf-file';
  const bytes = isFile ? line.ctx.attachment(word.text) : Buffer.from(word.text, 'latin1');
  if (bytes === undefined) return false;
  if (bytes.length > ANSWER_BODY_MAX_BYTES) {
    line.ctx.alerts.alert(`an answer's body has at most ${ANSWER_BODY_MAX_BYTES} bytes.`, word);
    return false;
  }
  if (!keyword.text.startsWith('lf-')) {
    words.body = bytes;
    return true;
  }
  const text = { text: bytes.toString('latin1'), column: word.column };
  words.format = parseLogFormat(text, line.ctx, { use: 'http' });
  return words.format !== undefined;
}

function readErrorFile(line: ActionLine, words: AnswerWords, keyword: Word): boolean {
  if (!chooseSource(line, words, keyword)) return false;
  const word = takeWord(line, 'a file name');
  const bytes = word === undefined ? undefined : line.ctx.attachment(word.text);
  if (word === undefined || bytes === undefined) return false;
  words.message = bytes.length === 0 ? SILENT_REPLY : parseReply(bytes);
  if (words.message === undefined)
    line.ctx.alerts.alert(`'${word.text}' does not hold an HTTP response.`, word);
  return words.message !== undefined;
}

function readField(line: ActionLine, words: AnswerWords): boolean {
  const name = takeWord(line, 'a header name');
  const value = name === undefined ? undefined : takeWord(line, 'a header value');
  if (name === undefined || value === undefined) return false;
  const lower = name.text.toLowerCase();
  if (!isFieldName(name.text) || ['content-length', 'transfer-encoding', 'content-type'].includes(lower)) {
    line.ctx.alerts.alert(
      `header '${name.text}' cannot be given here.`,
      name,
      'The content type has a keyword of its own.',
    );
    return false;
  }
  const format = parseLogFormat(value, line.ctx, { use: 'http' });
  if (format === undefined) return false;
  words.fields.push({ name: lower, value: format });
  return true;
}

const ALLOWED = 'status, content-type, default-errorfiles, errorfile, file, lf-file, string, lf-string, hdr';

function readWords(line: ActionLine): AnswerWords | undefined {
  const words: AnswerWords = {
    status: undefined,
    contentType: undefined,
    message: undefined,
    isDefaultPage: false,
    source: undefined,
    body: undefined,
    format: undefined,
    fields: [],
  };
  while (!atEnd(line.cursor)) {
    const keyword = line.cursor.words[line.cursor.position] as Word;
    line.cursor.position++;
    if (!readKeyword(line, words, keyword)) return undefined;
  }
  return words;
}

function readKeyword(line: ActionLine, words: AnswerWords, keyword: Word): boolean {
  switch (keyword.text) {
    case 'deny_status':
    case 'status':
      return readStatus(line, words);
    case 'content-type':
      words.contentType = takeWord(line, 'a content type')?.text;
      return words.contentType !== undefined;
    case 'default-errorfiles':
      words.isDefaultPage = true;
      return chooseSource(line, words, keyword);
    case 'errorfile':
      return readErrorFile(line, words, keyword);
    case 'file':
    case 'lf-file':
    case 'string':
    case 'lf-string':
      return readBody(line, words, keyword);
    case 'hdr':
      return readField(line, words);
    case 'errorfiles':
      line.ctx.alerts.notice("'errorfiles' is not built yet; the rule is ignored.", keyword);
      return false;
    default:
      line.ctx.alerts.alert(
        `'${keyword.text}' is not a keyword of ${line.word.text}.`,
        keyword,
        `Allowed: ${ALLOWED}, then if or unless.`,
      );
      return false;
  }
}

/** What is wrong with the words together; undefined: nothing. */
function contradiction(words: AnswerWords, status: number, isReturn: boolean): string | undefined {
  const hasPayload = words.body !== undefined || words.format !== undefined;
  if (hasPayload && words.contentType === undefined && words.body?.length !== 0) {
    return 'a content type must be defined when non-empty payload is configured';
  }
  if (hasPayload && (status === 204 || status === 205 || status === 304)) {
    return `No body expected for ${status} responses`;
  }
  if ((!isReturn || words.isDefaultPage) && !hasPayload && words.message === undefined) {
    if (!PAGE_STATUSES.includes(status) && words.fields.length === 0) {
      return `status code '${status}' has no error page`;
    }
  }
  if (words.message !== undefined && words.fields.length > 0) return "'hdr' cannot be added to an errorfile";
  return undefined;
}

type Make = (stream: Stream) => Reply;

function page(status: number, termination: string, isDefaultPage: boolean): Make {
  const reply: Reply = { status, termination, message: undefined, isDefaultPage };
  return () => reply;
}

function built(words: AnswerWords, status: number, body: Buffer, stream: Stream): ReplyBody {
  const names: string[] = [];
  const values: string[] = [];
  for (const field of words.fields) {
    const value = field.value.build(stream);
    if (value === '') continue; // HAProxy leaves a header without a value out
    names.push(field.name);
    values.push(value);
  }
  // RFC 9110 6.4.1: these have no content.
  const hasBody = status >= 200 && status !== 204 && status !== 304;
  if (hasBody) {
    names.push('content-length');
    values.push(String(body.length));
  }
  if (words.contentType !== undefined && body.length > 0) {
    names.push('content-type');
    values.push(words.contentType);
  }
  return { status, reason: reasonOf(status), names, values, body: hasBody ? body : EMPTY, closes: false };
}

const EMPTY = Buffer.alloc(0);

function make(words: AnswerWords, status: number, termination: string, isReturn: boolean): Make {
  const { message, format } = words;
  if (message !== undefined) {
    const reply: Reply = {
      status: words.status ?? (message.status || status),
      termination,
      message,
      isDefaultPage: false,
    };
    return () => reply;
  }
  const isOwn = isReturn
    ? !words.isDefaultPage
    : words.body !== undefined || format !== undefined || words.fields.length > 0;
  if (!isOwn) return page(status, termination, words.isDefaultPage);
  const fixed = words.body ?? EMPTY;
  const depends = format !== undefined || words.fields.some((field) => field.value.constant === undefined);
  const reply = (stream: Stream): Reply => {
    const body = format === undefined ? fixed : Buffer.from(format.build(stream), 'latin1');
    return { status, termination, message: built(words, status, body, stream), isDefaultPage: false };
  };
  if (depends) return reply;
  let kept: Reply | undefined;
  return (stream) => {
    kept ??= reply(stream);
    return kept;
  };
}

/** The second character of the termination state: request or response headers were being worked on. */
export function phaseLetter(ruleSet: RuleSet): string {
  return ruleSet.endsWith('response') ? 'H' : 'R';
}

const ANSWER_USAGE =
  '[status <code>] [content-type <type>] [ string | lf-string | file | lf-file | errorfile <value> ] [hdr <name> <format>]…';

const deny = action({
  name: 'deny',
  from: ['http-request', 'http-response'],
  usage: ANSWER_USAGE,
  parse(line) {
    const words = readWords(line);
    if (words === undefined) return undefined;
    const status = words.status ?? (line.ruleSet === 'http-request' ? 403 : 502);
    const wrong = contradiction(words, status, false);
    if (wrong !== undefined) {
      line.ctx.alerts.alert(`${wrong}.`, line.word);
      return undefined;
    }
    const reply = make(words, status, `P${phaseLetter(line.ruleSet)}`, false);
    return (stream) => {
      stream.reply = reply(stream);
      return ACTION_DONE;
    };
  },
});

/** Without `timeout tarpit` or `timeout connect` an answer is not held back. */
function tarpitMs(stream: Stream): number {
  if (stream.tarpitTimeoutMs >= 0) return stream.tarpitTimeoutMs;
  const { tarpitMs, connectMs } = stream.frontend.timeouts;
  return tarpitMs > 0 ? tarpitMs : Math.max(connectMs, 0);
}

const tarpit = action({
  name: 'tarpit',
  from: ['http-request'],
  usage: ANSWER_USAGE,
  parse(line) {
    const words = readWords(line);
    if (words === undefined) return undefined;
    const status = words.status ?? 500;
    const wrong = contradiction(words, status, false);
    if (wrong !== undefined) {
      line.ctx.alerts.alert(`${wrong}.`, line.word);
      return undefined;
    }
    const reply = make(words, status, 'PT', false);
    return (stream) => {
      stream.reply = reply(stream);
      stream.tarpitMs = tarpitMs(stream);
      return ACTION_DONE;
    };
  },
});

const returns = action({
  name: 'return',
  from: ['http-request', 'http-response'],
  usage: ANSWER_USAGE,
  parse(line) {
    const words = readWords(line);
    if (words === undefined) return undefined;
    const status = words.status ?? 200;
    const wrong = contradiction(words, status, true);
    if (wrong !== undefined) {
      line.ctx.alerts.alert(`${wrong}.`, line.word);
      return undefined;
    }
    const reply = make(words, status, `L${phaseLetter(line.ruleSet)}`, true);
    return (stream) => {
      stream.reply = reply(stream);
      return ACTION_DONE;
    };
  },
});

export const answerActions = [deny, tarpit, returns];
