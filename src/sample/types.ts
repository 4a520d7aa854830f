/** Hot path. The types of samples and how one becomes another: the cast matrix of HAProxy, as one function per pair. str, bin and
 * meth are latin1 strings, bool a boolean, sint a number (a bigint beyond 2^53), addresses `Address`. An `any` sample says its
 * type itself, at run time; binary data among them travels in a Binary, because a string and a block of bytes differ when
 * they become text (a block ends at its first NUL).
 */
import { Address, embeddedIpv4, mappedIpv6, parseIpv4, parseIpv6 } from '../base/ip.ts';
import type { SampleType, SampleValue } from '../model/rules.ts';
import { type Integer, integerOf, low32, octets64 } from './integer.ts';

export class Binary {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A cast answers undefined when this value cannot be converted: the sample is then missing. */
export type Cast = (value: SampleValue) => SampleValue | undefined;

/** null: the pair exists and changes nothing. undefined: it does not exist. */
export type CastEntry = Cast | null | undefined;

export const SAMPLE_TYPES: readonly SampleType[] = [
  'any',
  'bool',
  'sint',
  'addr',
  'ipv4',
  'ipv6',
  'str',
  'bin',
  'meth',
];

function textOfBinary(value: SampleValue): string {
  const text = value as string;
  const nul = text.indexOf('\0');
  return nul < 0 ? text : text.slice(0, nul);
}

const boolToInt: Cast = (value) => (value === true ? 1 : 0);
const intToBool: Cast = (value) => value !== 0;
const intToText: Cast = (value) => String(value);
const boolToText: Cast = (value) => (value === true ? '1' : '0');
const intToBinary: Cast = (value) => octets64(value as Integer);
const boolToBinary: Cast = (value) => octets64(value === true ? 1 : 0);
const textToBool: Cast = (value) => (value === '' ? undefined : integerOf(value as string) !== 0);
const textToInt: Cast = (value) => (value === '' ? undefined : integerOf(value as string));
const addressToText: Cast = (value) => (value as Address).toString();
const addressToBinary: Cast = (value) =>
  String.fromCharCode.apply(null, (value as Address).octets as unknown as number[]);
const toIpv4: Cast = (value) => embeddedIpv4(value as Address);
const toIpv6: Cast = (value) => mappedIpv6(value as Address);
const ipv4ToInt: Cast = (value) => {
  const octets = (value as Address).octets;
  return new DataView(octets.buffer, octets.byteOffset, 4).getUint32(0, false);
};
const intToIpv4: Cast = (value) => {
  const octets = new Uint8Array(4);
  new DataView(octets.buffer).setUint32(0, low32(value as Integer), false);
  return new Address(octets);
};
const intToIpv6: Cast = (value) => mappedIpv6(intToIpv4(value) as Address);
const textToAddress: Cast = (value) => parseIpv4(value as string) ?? parseIpv6(value as string);
const textToIpv4: Cast = (value) => parseIpv4(value as string);
const textToIpv6: Cast = (value) => parseIpv6(value as string);

/** What an `any` value really is. */
export function typeOf(value: SampleValue): SampleType {
  switch (typeof value) {
    case 'string':
      return 'str';
    case 'number':
    case 'bigint':
      return 'sint';
    case 'boolean':
      return 'bool';
    default:
      return value instanceof Address ? (value.family === 4 ? 'ipv4' : 'ipv6') : 'bin';
  }
}

function castDynamic(to: SampleType): Cast {
  return (value) => {
    const cast = MATRIX[typeOf(value)]?.[to];
    if (cast === undefined) return undefined;
    const plain = value instanceof Binary ? value.text : value;
    return cast === null ? plain : cast(plain);
  };
}

type Row = { readonly [to in SampleType]?: Cast | null };

const MATRIX: { readonly [from in SampleType]?: Row } = {
  bool: { any: null, bool: null, sint: boolToInt, str: boolToText, bin: boolToBinary },
  sint: {
    any: null,
    bool: intToBool,
    sint: null,
    addr: intToIpv4,
    ipv4: intToIpv4,
    ipv6: intToIpv6,
    str: intToText,
    bin: intToBinary,
  },
  addr: { any: null, addr: null, ipv4: toIpv4, ipv6: toIpv6, str: addressToText, bin: addressToBinary },
  ipv4: {
    any: null,
    sint: ipv4ToInt,
    addr: null,
    ipv4: null,
    ipv6: toIpv6,
    str: addressToText,
    bin: addressToBinary,
  },
  ipv6: { any: null, addr: null, ipv4: toIpv4, ipv6: null, str: addressToText, bin: addressToBinary },
  str: {
    any: null,
    bool: textToBool,
    sint: textToInt,
    addr: textToAddress,
    ipv4: textToIpv4,
    ipv6: textToIpv6,
    str: null,
    bin: null,
    meth: null,
  },
  bin: { any: (value) => new Binary(value as string), str: textOfBinary, bin: null, meth: null },
  meth: { any: null, str: null, bin: null, meth: null },
};

/** How <from> becomes <to>: null when nothing needs doing, undefined when it cannot. */
export function findCast(from: SampleType, to: SampleType): CastEntry {
  if (from === 'any') return to === 'any' ? null : castDynamic(to);
  return MATRIX[from]?.[to];
}

/** Any sample as text, for log lines, header values and string arguments; undefined when there is none. */
export function textOf(value: SampleValue | undefined, type: SampleType): string | undefined {
  if (value === undefined) return undefined;
  if (type === 'str' || type === 'meth') return value as string;
  const cast = findCast(type, 'str');
  if (cast === null || cast === undefined) return value as string;
  return cast(value) as string | undefined;
}
