/** Fetches of cookies: pairs of Cookie fields (RFC 6265 4.2.1), the first pair of each Set-Cookie value (4.1.1). */
import { fieldName } from '../../model/field-name.ts';
import type { HttpMessage } from '../../model/http-message.ts';
import type { Stream } from '../../model/stream.ts';
import { alias, type Fetch, fetch } from '../declare.ts';
import { findField, trimmed } from '../fields.ts';
import { integerOf } from '../integer.ts';
import type { Source } from '../sources.ts';
import { requestSide, responseSide, type Side } from './header.ts';

const COOKIE = fieldName('cookie');
const SET_COOKIE = fieldName('set-cookie');

type Visit = (name: string, value: string) => boolean;

/** Calls <visit> for each cookie until it returns true. */
function someCookie(message: HttpMessage, isResponse: boolean, visit: Visit): boolean {
  const field = isResponse ? SET_COOKIE : COOKIE;
  for (let i = findField(message, field, 0); i >= 0; i = findField(message, field, i + 1)) {
    if (somePair(message.fieldValue(i), isResponse, visit)) return true;
  }
  return false;
}

function pairEnd(text: string, from: number): number {
  let isQuoted = false;
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 34) isQuoted = !isQuoted;
    else if (!isQuoted && (code === 59 || code === 44)) return i;
  }
  return text.length;
}

function somePair(text: string, isResponse: boolean, visit: Visit): boolean {
  for (let at = 0; at < text.length; ) {
    const end = pairEnd(text, at);
    const equal = text.indexOf('=', at);
    if (equal > at && equal < end) {
      let value = trimmed(text, equal + 1, end);
      if (value.length >= 2 && value.startsWith('"') && value.endsWith('"')) value = value.slice(1, -1);
      if (visit(trimmed(text, at, equal), value)) return true;
    }
    if (isResponse) {
      // Attributes follow up to the comma that begins another cookie.
      const comma = text.indexOf(',', end);
      if (comma < 0) return false;
      at = comma + 1;
    } else at = end + 1;
  }
  return false;
}

/** With a name the last of that name, without one the first of all, as HAProxy chooses. */
function cookieOf(message: HttpMessage, isResponse: boolean, name: string | undefined): string | undefined {
  let found: string | undefined;
  someCookie(message, isResponse, (key, value) => {
    if (name !== undefined && name !== '' && key !== name) return false;
    found = value;
    return name === undefined || name === '';
  });
  return found;
}

function valueFetch(
  name: string,
  side: Side,
  uses: readonly Source[],
  responseWhen: (s: Stream) => boolean,
): Fetch {
  return fetch({
    name,
    args: ['str?'],
    output: 'str',
    uses,
    fetch: (stream, [cookie]) => {
      const message = side(stream);
      return message === undefined ? undefined : cookieOf(message, responseWhen(stream), cookie);
    },
    some:
      ([cookie], accept) =>
      (stream) => {
        const message = side(stream);
        if (message === undefined) return false;
        return someCookie(
          message,
          responseWhen(stream),
          (key, value) => (cookie === undefined || cookie === '' || key === cookie) && accept(value, stream),
        );
      },
  });
}

function family(prefix: string, side: Side, uses: readonly Source[], isResponse: boolean): Fetch[] {
  return [
    valueFetch(`${prefix}.cook`, side, uses, () => isResponse),
    fetch({
      name: `${prefix}.cook_cnt`,
      args: ['str?'],
      output: 'sint',
      uses,
      fetch: (stream, [cookie]) => {
        const message = side(stream);
        if (message === undefined) return undefined;
        let count = 0;
        someCookie(message, isResponse, (key) => {
          if (cookie === undefined || cookie === '' || key === cookie) count++;
          return false;
        });
        return count;
      },
    }),
    fetch({
      name: `${prefix}.cook_val`,
      args: ['str?'],
      output: 'sint',
      uses,
      fetch: (stream, [cookie]) => {
        const message = side(stream);
        const text = message === undefined ? undefined : cookieOf(message, isResponse, cookie);
        return text === undefined ? undefined : integerOf(text);
      },
    }),
    fetch({
      name: `${prefix}.cook_names`,
      args: ['str?'],
      output: 'str',
      uses,
      fetch: (stream, [delimiter]) => {
        const message = side(stream);
        if (message === undefined) return undefined;
        let out = '';
        someCookie(message, isResponse, (key) => {
          out += out === '' ? key : (delimiter?.charAt(0) || ',') + key;
          return false;
        });
        return out;
      },
    }),
  ];
}

const requests = family('req', requestSide, ['request head'], false);
const responses = family('res', responseSide, ['response head'], true);

function short(name: string, original: string): Fetch {
  return alias(name, [...requests, ...responses].find((known) => known.name === original) as Fetch);
}

export const cookieFetches: readonly Fetch[] = [
  ...requests,
  ...responses,
  short('cook', 'req.cook'),
  short('cook_cnt', 'req.cook_cnt'),
  short('cook_val', 'req.cook_val'),
  short('scook', 'res.cook'),
  short('scook_cnt', 'res.cook_cnt'),
  short('scook_val', 'res.cook_val'),
  valueFetch(
    'cookie',
    (stream) => (stream.phase === 1 ? responseSide(stream) : requestSide(stream)),
    ['request head', 'response head'],
    (stream) => stream.phase === 1,
  ),
];
