/** Hot path. Fetches of header fields, of the request and of the response: the two differ in their names and in the message they read,
 * so each is declared once and made twice.
 */
import { type Address, parseIpv4, parseIpv6 } from '../../base/ip.ts';
import type { FieldName } from '../../model/field-name.ts';
import type { HttpMessage } from '../../model/http-message.ts';
import type { Stream } from '../../model/stream.ts';
import { alias, type Fetch, fetch } from '../declare.ts';
import { countValues, findField, lastValue, nthValue, someValue } from '../fields.ts';
import { integerOf } from '../integer.ts';
import type { Source } from '../sources.ts';

/** The message a fetch reads; undefined when its field table is not at hand. */
export type Side = (stream: Stream) => HttpMessage | undefined;

export const requestSide: Side = (stream) =>
  stream.request.isReadable && stream.request.version !== 0 ? stream.request : undefined;
export const responseSide: Side = (stream) =>
  stream.phase === 1 && stream.response.isReadable ? stream.response : undefined;
/** `hdr` is the message of the rule it stands in. */
const ownSide: Side = (stream) => (stream.phase === 1 ? responseSide(stream) : requestSide(stream));

function pick(
  message: HttpMessage,
  field: FieldName,
  isWhole: boolean,
  occurrence: number | undefined,
): string | undefined {
  return occurrence === undefined || occurrence === 0
    ? lastValue(message, field, isWhole)
    : nthValue(message, field, isWhole, occurrence);
}

/** An address, perhaps with a port behind IPv4 or brackets around IPv6, as proxies write them. */
export function addressIn(text: string): Address | undefined {
  if (text.startsWith('[') && text.endsWith(']')) return parseIpv6(text.slice(1, -1));
  const colon = text.indexOf(':');
  if (colon < 0) return parseIpv4(text);
  const v4 = parseIpv4(text.substring(0, colon));
  if (v4 === undefined) return parseIpv6(text);
  const port = text.substring(colon + 1);
  return /^\d{1,5}$/.test(port) && Number(port) <= 65535 ? v4 : undefined;
}

const ANY: FieldName = { name: '', id: 0 };

function wrongOccurrence(field: FieldName | undefined, occurrence: number | undefined): string | undefined {
  if (occurrence === undefined) return undefined;
  if (occurrence < -10) return 'the occurrence must be -10 at least';
  return field === undefined || field.name === ''
    ? 'a field name is needed when an occurrence is given'
    : undefined;
}

function textFetch(name: string, side: Side, uses: readonly Source[], isWhole: boolean): Fetch {
  return fetch({
    name,
    args: ['field?', 'sint?'],
    output: 'str',
    uses,
    check: ([field, occurrence]) => wrongOccurrence(field, occurrence),
    fetch: (stream, [field, occurrence]) => {
      const message = side(stream);
      return message === undefined ? undefined : pick(message, field ?? ANY, isWhole, occurrence);
    },
    some: ([field, occurrence], accept) => valueTest(side, field, isWhole, occurrence, accept),
  });
}

type TextTest = (text: string, stream: Stream) => boolean;

/** Tries all values, or the one that an occurrence names. */
function valueTest(
  side: Side,
  field: FieldName | undefined,
  isWhole: boolean,
  occurrence: number | undefined,
  accept: TextTest,
): (stream: Stream) => boolean {
  const name = field ?? ANY;
  if (occurrence === undefined || occurrence === 0) {
    return (stream) => {
      const message = side(stream);
      return message !== undefined && someValue(message, name, isWhole, accept, stream);
    };
  }
  return (stream) => {
    const message = side(stream);
    const value = message === undefined ? undefined : nthValue(message, name, isWhole, occurrence);
    return value !== undefined && accept(value, stream);
  };
}

function countFetch(name: string, side: Side, uses: readonly Source[], isWhole: boolean): Fetch {
  return fetch({
    name,
    args: ['field?'],
    output: 'sint',
    uses,
    fetch: (stream, [field]) => {
      const message = side(stream);
      return message === undefined ? undefined : countValues(message, field ?? ANY, isWhole);
    },
  });
}

/** Made at start; its test with the configuration. */
function numberFetch(name: string, side: Side, uses: readonly Source[]): Fetch {
  return fetch({
    name,
    args: ['field?', 'sint?'],
    output: 'sint',
    uses,
    check: ([field, occurrence]) => wrongOccurrence(field, occurrence),
    fetch: (stream, [field, occurrence]) => {
      const message = side(stream);
      const text = message === undefined ? undefined : pick(message, field ?? ANY, false, occurrence);
      return text === undefined ? undefined : integerOf(text);
    },
    some: ([field, occurrence], accept) =>
      valueTest(side, field, false, occurrence, (text, stream) => accept(integerOf(text), stream)),
  });
}

/** Made at start; its test with the configuration. */
function addressFetch(name: string, side: Side, uses: readonly Source[]): Fetch {
  return fetch({
    name,
    args: ['field?', 'sint?'],
    output: 'addr',
    uses,
    check: ([field, occurrence]) => wrongOccurrence(field, occurrence),
    fetch: (stream, [field, occurrence]) => {
      const message = side(stream);
      const text = message === undefined ? undefined : pick(message, field ?? ANY, false, occurrence);
      return text === undefined ? undefined : addressIn(text);
    },
    some: ([field, occurrence], accept) =>
      valueTest(side, field, false, occurrence, (text, stream) => {
        const address = addressIn(text);
        return address !== undefined && accept(address, stream);
      }),
  });
}

function namesFetch(name: string, side: Side, uses: readonly Source[]): Fetch {
  return fetch({
    name,
    args: ['str?'],
    output: 'str',
    uses,
    fetch: (stream, [delimiter]) => {
      const message = side(stream);
      if (message === undefined) return undefined;
      let out = '';
      for (let i = findField(message, ANY, 0); i >= 0; i = findField(message, ANY, i + 1)) {
        if (out !== '') out += delimiter?.charAt(0) || ',';
        out += message.fieldName(i);
      }
      return out;
    },
  });
}

function allFetch(name: string, side: Side, uses: readonly Source[]): Fetch {
  return fetch({
    name,
    args: [],
    output: 'bin',
    uses,
    fetch: (stream) => {
      const message = side(stream);
      if (message === undefined) return undefined;
      let out = '';
      for (let i = findField(message, ANY, 0); i >= 0; i = findField(message, ANY, i + 1)) {
        out += `${message.fieldName(i)}: ${message.fieldValue(i)}\r\n`;
      }
      return `${out}\r\n`;
    },
  });
}

function family(prefix: string, side: Side, uses: readonly Source[]): Fetch[] {
  return [
    textFetch(`${prefix}.hdr`, side, uses, false),
    textFetch(`${prefix}.fhdr`, side, uses, true),
    countFetch(`${prefix}.hdr_cnt`, side, uses, false),
    countFetch(`${prefix}.fhdr_cnt`, side, uses, true),
    numberFetch(`${prefix}.hdr_val`, side, uses),
    addressFetch(`${prefix}.hdr_ip`, side, uses),
    namesFetch(`${prefix}.hdr_names`, side, uses),
    allFetch(`${prefix}.hdrs`, side, uses),
  ];
}

const requests = family('req', requestSide, ['request head']);
const responses = family('res', responseSide, ['response head']);

/** The same fetch under its old name, made at start. */
function short(name: string, original: string): Fetch {
  return alias(name, [...requests, ...responses].find((known) => known.name === original) as Fetch);
}

export const headerFetches: readonly Fetch[] = [
  ...requests,
  ...responses,
  textFetch('hdr', ownSide, ['request head', 'response head'], false),
  short('hdr_cnt', 'req.hdr_cnt'),
  short('hdr_ip', 'req.hdr_ip'),
  short('hdr_val', 'req.hdr_val'),
  short('shdr', 'res.hdr'),
  short('shdr_cnt', 'res.hdr_cnt'),
  short('shdr_ip', 'res.hdr_ip'),
  short('shdr_val', 'res.hdr_val'),
];
