/** Hot path. Which of the configured codings a client accepts (RFC 9110 12.5.3): the one with the highest q-value, among
 * equals the one named first. A coding that is named counts with its own q, `*` stands for those that are not, and q=0 is a
 * refusal: `gzip;q=0, *` never gives gzip, whatever the star says. A client that names identity with a higher q than every
 * coding gets identity.
 */
import type { HttpMessage } from '../model/http-message.ts';
import * as abi from '../native/abi.ts';
import type { Algorithm } from './algorithm.ts';

const ACCEPT_ENCODING = 'accept-encoding';
const ACCEPT_ENCODING_ID = Math.max(abi.FIELD_NAMES.indexOf(ACCEPT_ENCODING), 0);

/** The last answer: clients come in few kinds, so the same field is asked about again and again. */
export interface NegotiationMemory {
  field: string;
  choice: number;
}

/** Thousandths of `q=0.123`; 1000 for a parameter list without a q, or with one that is no q-value. */
function qualityOf(parameters: string): number {
  const match = /(?:^|;)[ \t]*[qQ]=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)[ \t]*(?:;|$)/.exec(parameters);
  return match === null ? 1000 : Math.round(Number(match[1]) * 1000);
}

function sameCoding(token: string, coding: string): boolean {
  // x-gzip is an old name of gzip (RFC 9110 8.4.1.3).
  return token === coding || (coding === 'gzip' && token === 'x-gzip');
}

/** Index in <algorithms> of the best coding for a field value, or -1. */
export function chooseCoding(value: string, algorithms: readonly Algorithm[]): number {
  const members = value.toLowerCase().split(',');
  let best = -1;
  let bestQuality = 0;
  let bestAt = 0;
  let identityQuality = 0;
  for (let i = 0; i < algorithms.length; i++) {
    const coding = (algorithms[i] as Algorithm).coding;
    let quality = -1;
    let at = members.length;
    let starQuality = -1;
    let starAt = members.length;
    for (let m = 0; m < members.length; m++) {
      const member = (members[m] as string).trim();
      const semicolon = member.indexOf(';');
      const token = semicolon < 0 ? member : member.substring(0, semicolon).trimEnd();
      const q = semicolon < 0 ? 1000 : qualityOf(member.substring(semicolon + 1));
      if (token === 'identity') identityQuality = q;
      if (sameCoding(token, coding) && quality < 0) {
        quality = q;
        at = m;
      } else if (token === '*' && starQuality < 0) {
        starQuality = q;
        starAt = m;
      }
    }
    if (quality < 0) {
      quality = starQuality;
      at = starAt;
    }
    if (quality > bestQuality || (quality === bestQuality && quality > 0 && at < bestAt)) {
      best = i;
      bestQuality = quality;
      bestAt = at;
    }
  }
  return identityQuality > bestQuality ? -1 : best;
}

/** All Accept-Encoding fields of a request as one list (RFC 9110 5.3), or undefined when it has none. */
export function acceptEncoding(request: HttpMessage): string | undefined {
  const first = request.find(ACCEPT_ENCODING_ID, ACCEPT_ENCODING, 0);
  if (first < 0) return undefined;
  let value = request.fieldValue(first);
  let index = request.find(ACCEPT_ENCODING_ID, ACCEPT_ENCODING, first + 1);
  while (index >= 0) {
    value = `${value},${request.fieldValue(index)}`;
    index = request.find(ACCEPT_ENCODING_ID, ACCEPT_ENCODING, index + 1);
  }
  return value;
}

/** The coding for a request, remembering the last one. */
export function negotiate(
  request: HttpMessage,
  algorithms: readonly Algorithm[],
  memory: NegotiationMemory,
): number {
  const field = acceptEncoding(request);
  if (field === undefined) return -1;
  if (field !== memory.field) {
    memory.choice = chooseCoding(field, algorithms);
    memory.field = field;
  }
  return memory.choice;
}
