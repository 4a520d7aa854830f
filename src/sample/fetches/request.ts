/** Hot path. Fetches of the request line and what is made of it: method, target and its parts, parameters, version. */

import { avalanche, sdbm } from '../../base/hash.ts';
import { type Address, parseIpv4 } from '../../base/ip.ts';
import { fieldName } from '../../model/field-name.ts';
import type { HttpMessage } from '../../model/http-message.ts';
import { sourceOf } from '../../model/session-address.ts';
import type { Stream } from '../../model/stream.ts';
import { METHOD_NAMES } from '../../native/abi.ts';
import { asciiLower } from '../../pattern/ascii.ts';
import { alias, fetch } from '../declare.ts';
import { trimmed, valueEnd } from '../fields.ts';
import { integerOf } from '../integer.ts';
import { authorityOf, pathOf, pathqOf, queryOf } from '../target.ts';
import { requestSide } from './header.ts';

const HOST = fieldName('host');

function hostOf(stream: Stream): string {
  const value = stream.request.get(HOST.id, HOST.name);
  return value === undefined ? '' : trimmed(value, 0, valueEnd(value, 0));
}

/** Host and path together; a target without a path gives the host alone. */
function baseOf(stream: Stream, withQuery: boolean): string | undefined {
  const target = stream.request.target;
  const path = withQuery ? pathqOf(target) : pathOf(target);
  const host = hostOf(stream);
  if (host === '') return path;
  return path?.startsWith('/') ? host + path : host;
}

/** Ids up to this one are methods HAProxy has numbers for: their fetch keeps the client's own after `set-method`. */
const NUMBERED_METHODS = METHOD_NAMES.indexOf('CONNECT');

function methodOf(request: HttpMessage): string {
  const { methodId } = request;
  if (methodId > 0 && methodId <= NUMBERED_METHODS) return METHOD_NAMES[methodId] as string;
  if (request.isReadable) return request.method;
  const line = request.startLine;
  return line.substring(0, line.indexOf(' '));
}

function targetOf(stream: Stream): string | undefined {
  return requestSide(stream)?.target;
}

/** Calls <accept> with each value of parameter <name> ('' for all); true when it took one. Parameters are separated by `&` or
 * `;`, and begin behind <start>. */
function someParameter(
  target: string,
  name: string,
  start: string,
  ignoresCase: boolean,
  accept: (value: string, stream: Stream) => boolean,
  stream: Stream,
): boolean {
  const found = target.indexOf(start);
  if (found < 0) return false;
  const text = target;
  for (let at = found + 1; at <= text.length; ) {
    let end = at;
    while (end < text.length && !isSeparator(text.charCodeAt(end), start)) end++;
    const equal = text.indexOf('=', at);
    if (equal >= 0 && equal < end) {
      const key = text.substring(at, equal);
      const isNamed = name === '' || key === name || (ignoresCase && asciiLower(key) === asciiLower(name));
      if (isNamed && accept(text.substring(equal + 1, end), stream)) return true;
    }
    at = end + 1;
  }
  return false;
}

/** `&` and `;` separate behind `?`; another delimiter separates by itself. */
function isSeparator(code: number, start: string): boolean {
  if (start === '?') return code === 38 || code === 59;
  return code === start.charCodeAt(0);
}

/** The value <keep> was given last; there is one at a time. */
let kept: string | undefined;

function keep(value: string): boolean {
  kept = value;
  return true;
}

function firstParameter(
  stream: Stream,
  name: string | undefined,
  start: string | undefined,
  flags: string | undefined,
): string | undefined {
  const target = targetOf(stream);
  if (target === undefined) return undefined;
  kept = undefined;
  someParameter(target, name ?? '', start || '?', flags?.startsWith('i') === true, keep, stream);
  return kept;
}

function octets(value: number): string {
  return String.fromCharCode(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
}

function sourceOctets(stream: Stream): string {
  const source = sourceOf(stream);
  return source === undefined ? '' : Buffer.from(source.octets).toString('latin1');
}

/** The hash of host and path that stick tables use as a key. */
function baseHash(stream: Stream): number | undefined {
  if (requestSide(stream) === undefined) return undefined;
  const path = pathOf(stream.request.target);
  return avalanche(sdbm(hostOf(stream) + (path?.startsWith('/') ? path : '')));
}

function urlHash(stream: Stream): number | undefined {
  if (requestSide(stream) === undefined) return undefined;
  const path = pathqOf(stream.request.target);
  const host = stream.request.get(HOST.id, HOST.name) ?? '';
  return avalanche(sdbm(host + (path?.startsWith('/') ? path : '')));
}

function urlAddress(stream: Stream): Address | undefined {
  const target = targetOf(stream);
  if (target === undefined) return undefined;
  return parseIpv4(authorityOf(target).replace(/:\d+$/, ''));
}

function urlPort(stream: Stream): number | undefined {
  const target = targetOf(stream);
  if (target === undefined || urlAddress(stream) === undefined) return undefined;
  const port = /:(\d{1,5})$/.exec(authorityOf(target));
  if (port !== null) return Number(port[1]);
  return target.startsWith('https:') ? 443 : 80;
}

export function versionText(version: number): string | undefined {
  return version === 0 ? undefined : `${version >> 8}.${version & 0xff}`;
}

const requestVersion = fetch({
  name: 'req.ver',
  args: [],
  output: 'str',
  uses: 'request line',
  fetch: (stream) => versionText(stream.request.version),
});

const isHttp = fetch({
  name: 'req.proto_http',
  args: [],
  output: 'bool',
  uses: 'request line',
  fetch: (stream) => stream.request.version !== 0,
});

const urlParameter = fetch({
  name: 'url_param',
  args: ['str?', 'str?', 'str?'],
  output: 'str',
  uses: 'request head',
  fetch: (stream, [name, start, flags]) => firstParameter(stream, name, start, flags),
  some: ([name, start, flags], accept) => {
    const ignoresCase = flags?.startsWith('i') === true;
    return (stream) => {
      const target = targetOf(stream);
      return (
        target !== undefined && someParameter(target, name ?? '', start || '?', ignoresCase, accept, stream)
      );
    };
  },
});

export const requestFetches = [
  fetch({
    name: 'method',
    args: [],
    output: 'meth',
    uses: 'request line',
    fetch: (stream) => (stream.request.version === 0 ? undefined : methodOf(stream.request)),
  }),
  fetch({
    name: 'path',
    args: [],
    output: 'str',
    uses: 'request head',
    fetch: (stream) => (requestSide(stream) === undefined ? undefined : pathOf(stream.request.target)),
  }),
  fetch({
    name: 'pathq',
    args: [],
    output: 'str',
    uses: 'request head',
    fetch: (stream) => (requestSide(stream) === undefined ? undefined : pathqOf(stream.request.target)),
  }),
  fetch({
    name: 'query',
    args: ['str?'],
    output: 'str',
    uses: 'request head',
    check: ([option]) =>
      option === undefined || option === '' || option === 'with_qm'
        ? undefined
        : `supports only 'with_qm' as argument, got '${option}'`,
    fetch: (stream, [option]) => {
      const target = targetOf(stream);
      const query = target === undefined ? undefined : queryOf(target);
      return query !== undefined && query !== '' && option === 'with_qm' ? `?${query}` : query;
    },
  }),
  fetch({ name: 'url', args: [], output: 'str', uses: 'request head', fetch: (stream) => targetOf(stream) }),
  fetch({
    name: 'base',
    args: [],
    output: 'str',
    uses: 'request head',
    fetch: (stream) => (requestSide(stream) === undefined ? undefined : baseOf(stream, false)),
  }),
  fetch({
    name: 'baseq',
    args: [],
    output: 'str',
    uses: 'request head',
    fetch: (stream) => (requestSide(stream) === undefined ? undefined : baseOf(stream, true)),
  }),
  fetch({
    name: 'base32',
    args: [],
    output: 'sint',
    uses: 'request head',
    fetch: (stream) => baseHash(stream),
  }),
  fetch({
    name: 'base32+src',
    args: [],
    output: 'bin',
    uses: 'request head',
    fetch: (stream) => {
      const hash = baseHash(stream);
      return hash === undefined ? undefined : octets(hash) + sourceOctets(stream);
    },
  }),
  fetch({
    name: 'url32',
    args: [],
    output: 'sint',
    uses: 'request head',
    fetch: (stream) => urlHash(stream),
  }),
  fetch({
    name: 'url32+src',
    args: [],
    output: 'bin',
    uses: 'request head',
    fetch: (stream) => {
      const hash = urlHash(stream);
      return hash === undefined ? undefined : octets(hash) + sourceOctets(stream);
    },
  }),
  fetch({ name: 'url_ip', args: [], output: 'ipv4', uses: 'request head', fetch: urlAddress }),
  fetch({ name: 'url_port', args: [], output: 'sint', uses: 'request head', fetch: urlPort }),
  urlParameter,
  alias('urlp', urlParameter),
  fetch({
    name: 'urlp_val',
    args: ['str?', 'str?', 'str?'],
    output: 'sint',
    uses: 'request head',
    fetch: (stream, [name, start, flags]) => {
      const text = firstParameter(stream, name, start, flags);
      return text === undefined ? undefined : integerOf(text);
    },
  }),
  requestVersion,
  alias('req_ver', requestVersion),
  isHttp,
  alias('req_proto_http', isHttp),
  fetch({
    name: 'http_first_req',
    args: [],
    output: 'bool',
    uses: 'request line',
    fetch: (stream) => stream.session.streams <= 1,
  }),
];
