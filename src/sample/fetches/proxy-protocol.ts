/** Hot path. What a PROXY protocol header said of a connection beyond its addresses: that there was one, its records (TLVs), and what
 * was wrong with one that was refused.
 */

import { PROXY_ERRORS } from '../../model/handshake-errors.ts';
import type { Stream } from '../../model/stream.ts';
import * as abi from '../../native/abi.ts';
import { fetch } from '../declare.ts';

const TYPES: { readonly [name: string]: number | undefined } = {
  ALPN: 1,
  AUTHORITY: 2,
  CRC32C: 3,
  NOOP: 4,
  UNIQUE_ID: 5,
  SSL: 0x20,
  NETNS: 0x30,
};

/** A header's length is 16 bits. */
const TLVS_MAX_BYTES = 65536;
const records = Buffer.alloc(TLVS_MAX_BYTES);

/** Fills `records`; -1 when no header was received. */
function readRecords(stream: Stream): number {
  const { session, engine } = stream;
  return Math.min(
    engine.connAddress(session.conn, session.generation, abi.ADDRESS_TLVS, records),
    TLVS_MAX_BYTES,
  );
}

/** The value of the first record of <type>, as latin1. */
export function recordOf(stream: Stream, type: number): string | undefined {
  const length = readRecords(stream);
  for (let at = 0; at + 3 <= length; ) {
    const end = at + 3 + records.readUInt16BE(at + 1);
    if (records[at] === type) return records.toString('latin1', at + 3, end);
    at = end;
  }
  return undefined;
}

/** A record's type: a name or a number of one octet. */
export function recordType(text: string): number | undefined {
  const named = TYPES[text.toUpperCase()];
  if (named !== undefined) return named;
  const number = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : -1;
  return number >= 0 && number <= 255 ? number : undefined;
}

export const proxyProtocolFetches = [
  fetch({
    name: 'fc_rcvd_proxy',
    args: [],
    output: 'bool',
    uses: 'client',
    fetch: (stream) => readRecords(stream) >= 0,
  }),
  fetch({
    name: 'fc_pp_tlv',
    args: ['str'],
    output: 'str',
    uses: 'client',
    check: ([type]) =>
      recordType(type) === undefined
        ? `expects a number from 0 to 255 or one of ${Object.keys(TYPES).join(', ')}, got '${type}'`
        : undefined,
    fetch: (stream, [type]) => recordOf(stream, recordType(type) as number),
  }),
  fetch({
    name: 'fc_pp_authority',
    args: [],
    output: 'str',
    uses: 'client',
    fetch: (stream) => recordOf(stream, TYPES.AUTHORITY as number),
  }),
  fetch({
    name: 'fc_pp_unique_id',
    args: [],
    output: 'str',
    uses: 'client',
    fetch: (stream) => recordOf(stream, TYPES.UNIQUE_ID as number),
  }),
  fetch({
    name: 'fc_err',
    args: [],
    output: 'sint',
    uses: 'client',
    fetch: (stream) => PROXY_ERRORS[stream.session.handshakeError]?.code ?? 0,
  }),
  fetch({
    name: 'fc_err_name',
    args: [],
    output: 'str',
    uses: 'client',
    fetch: (stream) => PROXY_ERRORS[stream.session.handshakeError]?.name ?? '',
  }),
  fetch({
    name: 'fc_err_str',
    args: [],
    output: 'str',
    uses: 'client',
    fetch: (stream) => PROXY_ERRORS[stream.session.handshakeError]?.text ?? 'Success',
  }),
];
