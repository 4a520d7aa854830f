/** Hot path. Actions on header fields. They work on the message of their rule set: the request in http-request rules, the response in the
 * others.
 */
import { fieldName, isFieldName } from '../model/field-name.ts';
import type { HttpMessage } from '../model/http-message.ts';
import { reasonOf } from '../model/reply.ts';
import { ACTION_CONTINUE, type LogFormat } from '../model/rules.ts';
import type { Stream } from '../model/stream.ts';
import type { Regex } from '../pattern/regex.ts';
import { expandReplacement } from '../pattern/replacement.ts';
import { findField, trimmed, valueEnd } from '../sample/fields.ts';
import { type ActionLine, action, atEnd, HTTP_RULES, takeWord } from './declare.ts';
import { compileRegex, takeFormat, takeRegex } from './formats.ts';

type Side = (stream: Stream) => HttpMessage;

function sideOf(line: ActionLine): Side {
  return line.ruleSet === 'http-request' ? (stream) => stream.request : (stream) => stream.response;
}

function takeName(line: ActionLine) {
  const word = takeWord(line, 'a header name');
  if (word === undefined) return undefined;
  if (isFieldName(word.text)) return fieldName(word.text);
  line.ctx.alerts.alert(`'${word.text}' is not a valid header name.`, word);
  return undefined;
}

/** The option of a Connection field that ends the connection after this exchange (RFC 9110 7.6.1). */
const CLOSE = /(?:^|,)[ \t]*close[ \t]*(?:,|$)/i;

function fieldAction(name: 'set-header' | 'add-header', replaces: boolean) {
  return action({
    name,
    from: HTTP_RULES,
    usage: '<name> <format>',
    parse(line) {
      const field = takeName(line);
      const format = field === undefined ? undefined : takeFormat(line, 'a value');
      if (field === undefined || format === undefined) return undefined;
      const side = sideOf(line);
      const { id } = field;
      const lower = field.name;
      return (stream) => {
        const message = side(stream);
        // The value first: it may be made of the field that it replaces.
        const value = format.build(stream);
        if (replaces) message.deleteAll(id, lower);
        message.addField(lower, value);
        if (lower === 'connection') message.asksClose = CLOSE.test(value) || (!replaces && message.asksClose);
        return ACTION_CONTINUE;
      };
    },
  });
}

type NameTest = (name: string) => boolean;

/** The test of `del-header <name> -m <method>`; undefined: the exact name. */
function nameTest(line: ActionLine, text: string): NameTest | undefined | null {
  if (line.cursor.peek() !== '-m') return undefined;
  line.cursor.next();
  const method = takeWord(line, 'a matching method after -m');
  if (method === undefined) return null;
  const lower = text.toLowerCase();
  switch (method.text) {
    case 'str':
      return (name) => name === lower;
    case 'beg':
      return (name) => name.startsWith(lower);
    case 'end':
      return (name) => name.endsWith(lower);
    case 'sub':
      return (name) => name.includes(lower);
    case 'reg': {
      const regex = compileRegex({ text, column: method.column }, line);
      return regex === undefined ? null : (name) => regex.test(name);
    }
    default:
      line.ctx.alerts.alert(
        `unknown matching method '${method.text}' of del-header.`,
        method,
        'Allowed: str, beg, end, sub, reg.',
      );
      return null;
  }
}

const ANY = fieldName('');

const deleteHeader = action({
  name: 'del-header',
  from: HTTP_RULES,
  usage: '<name> [-m <method>]',
  parse(line) {
    const word = takeWord(line, 'a header name');
    if (word === undefined) return undefined;
    const test = nameTest(line, word.text);
    if (test === null) return undefined;
    const side = sideOf(line);
    const field = fieldName(word.text);
    if (test === undefined) {
      return (stream) => {
        side(stream).deleteAll(field.id, field.name);
        return ACTION_CONTINUE;
      };
    }
    return (stream) => {
      const message = side(stream);
      for (let i = findField(message, ANY, 0); i >= 0; i = findField(message, ANY, i + 1)) {
        if (test(message.fieldName(i))) message.deleteField(i);
      }
      return ACTION_CONTINUE;
    };
  },
});

/** Replaces the whole of <text> when the regex matches it; undefined when it does not. */
function replaced(text: string, regex: Regex, format: LogFormat, stream: Stream): string | undefined {
  const match = regex.exec(text);
  return match === null ? undefined : expandReplacement(format.build(stream), match);
}

function replaceLines(
  message: HttpMessage,
  index: number,
  regex: Regex,
  format: LogFormat,
  stream: Stream,
): void {
  const value = replaced(message.fieldValue(index), regex, format, stream);
  if (value !== undefined) message.replaceValue(index, value);
}

/** Each value between commas on its own. */
function replaceValues(
  message: HttpMessage,
  index: number,
  regex: Regex,
  format: LogFormat,
  stream: Stream,
): void {
  const text = message.fieldValue(index);
  let out = '';
  let isChanged = false;
  for (let at = 0; at <= text.length; ) {
    const end = valueEnd(text, at);
    const value = replaced(trimmed(text, at, end), regex, format, stream);
    if (value !== undefined) isChanged = true;
    if (at > 0) out += ',';
    out += value === undefined ? text.substring(at, end) : blanksBefore(text, at, end) + value;
    at = end + 1;
  }
  if (isChanged) message.replaceValue(index, out);
}

function blanksBefore(text: string, at: number, end: number): string {
  let i = at;
  while (i < end && (text.charCodeAt(i) === 32 || text.charCodeAt(i) === 9)) i++;
  return text.substring(at, i);
}

function replaceAction(name: 'replace-header' | 'replace-value', replace: typeof replaceLines) {
  return action({
    name,
    from: HTTP_RULES,
    usage: '<name> <match-regex> <replace-format>',
    parse(line) {
      const field = takeName(line);
      const regex = field === undefined ? undefined : takeRegex(line, 'a regular expression');
      const format = regex === undefined ? undefined : takeFormat(line, 'a replacement');
      if (field === undefined || regex === undefined || format === undefined) return undefined;
      const side = sideOf(line);
      return (stream) => {
        const message = side(stream);
        for (let i = findField(message, field, 0); i >= 0; i = findField(message, field, i + 1)) {
          replace(message, i, regex, format, stream);
        }
        return ACTION_CONTINUE;
      };
    },
  });
}

const setStatus = action({
  name: 'set-status',
  from: ['http-response', 'http-after-response'],
  usage: '<status> [reason <text>]',
  parse(line) {
    const word = takeWord(line, 'a status');
    if (word === undefined) return undefined;
    const status = Number(word.text);
    if (!/^\d{3}$/.test(word.text) || status < 100) {
      line.ctx.alerts.alert(
        `'set-status' expects an integer status code between 100 and 999, not '${word.text}'.`,
        word,
      );
      return undefined;
    }
    let reason = reasonOf(status);
    if (!atEnd(line.cursor)) {
      const keyword = takeWord(line, "'reason'");
      const text = keyword?.text === 'reason' ? takeWord(line, 'a reason') : undefined;
      if (text === undefined) {
        if (keyword?.text !== 'reason') {
          line.ctx.alerts.alert(
            `'${keyword?.text}' is not expected here.`,
            keyword,
            'Allowed: reason <text>.',
          );
        }
        return undefined;
      }
      reason = text.text;
    }
    return (stream) => {
      stream.response.setStatus(status, reason);
      return ACTION_CONTINUE;
    };
  },
});

export const headerActions = [
  fieldAction('set-header', true),
  fieldAction('add-header', false),
  deleteHeader,
  replaceAction('replace-header', replaceLines),
  replaceAction('replace-value', replaceValues),
  setStatus,
];
