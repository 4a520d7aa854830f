/** Hot path. Whether a message is compressed, and what its head must say then. The request's head decides which coding the client may
 * get (`chooseForRequest`), the response's whether its body gets it (`applyToResponse`); a request body goes to the server
 * compressed when `compression direction` asks for that (`applyToRequest`). The engine encodes and frames.
 */
import { HEAD_CHUNKED, HEAD_CLEN } from '../model/head-flags.ts';
import type { HttpMessage } from '../model/http-message.ts';
import * as abi from '../native/abi.ts';
import type { Algorithm } from './algorithm.ts';
import { negotiate } from './negotiate.ts';
import type { CompressionPlan } from './plan.ts';

function idOf(name: string): number {
  return Math.max(abi.FIELD_NAMES.indexOf(name), 0);
}
const ACCEPT_ENCODING_ID = idOf('accept-encoding');
const ACCEPT_RANGES_ID = idOf('accept-ranges');
const CACHE_CONTROL_ID = idOf('cache-control');
const CONTENT_ENCODING_ID = idOf('content-encoding');
const CONTENT_TYPE_ID = idOf('content-type');
const ETAG_ID = idOf('etag');
const USER_AGENT_ID = idOf('user-agent');
const VARY_ID = idOf('vary');
const HTTP_1_1 = 0x0101;
/** RFC 9110 8.8.3: W/ or not, then a quoted string of etagc. */
const ETAG = /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"$/;

/** Browsers that call themselves Mozilla/4 and are not MSIE 6 SP2 or later cannot be trusted to decode. */
function isOldBrowser(userAgent: string | undefined): boolean {
  if (userAgent === undefined || !userAgent.startsWith('Mozilla/4')) return false;
  if (userAgent.length < 31 || userAgent.substring(25, 30) !== 'MSIE ') return true;
  const version = userAgent.charAt(30);
  if (version < '6') return true;
  return version === '6' && userAgent.substring(51, 54) !== 'SV1';
}

/** Index of the algorithm for the response to <request>, or -1. With `offload` the server is asked for plain bodies. */
export function chooseForRequest(plan: CompressionPlan, request: HttpMessage): number {
  if (plan.algorithms.length === 0) return -1;
  if (isOldBrowser(request.get(USER_AGENT_ID, 'user-agent'))) return -1;
  const choice = negotiate(request, plan.algorithms, plan.memory);
  if (choice < 0) return plan.identity;
  if (plan.isOffload) request.deleteAll(ACCEPT_ENCODING_ID, 'accept-encoding');
  return choice;
}

function hasType(message: HttpMessage, types: readonly string[]): boolean {
  if (types.length === 0) return true;
  const type = message.get(CONTENT_TYPE_ID, 'content-type');
  if (type === undefined) return false;
  const lower = type.toLowerCase();
  for (let i = 0; i < types.length; i++) if (lower.startsWith(types[i] as string)) return true;
  return false;
}

/** RFC 9111 5.2.2.6: what must not be transformed is not. */
function forbidsTransform(response: HttpMessage): boolean {
  let index = response.find(CACHE_CONTROL_ID, 'cache-control', 0);
  while (index >= 0) {
    if (/(?:^|[,\s])no-transform(?:$|[,;\s])/i.test(response.fieldValue(index))) return true;
    index = response.find(CACHE_CONTROL_ID, 'cache-control', index + 1);
  }
  return false;
}

function hasSoundEtag(response: HttpMessage): boolean {
  const index = response.find(ETAG_ID, 'etag', 0);
  if (index < 0) return true;
  if (response.find(ETAG_ID, 'etag', index + 1) >= 0) return false;
  return ETAG.test(response.fieldValue(index));
}

/** All that does not depend on the client's wishes: the body may be replaced by an encoding of it. */
export function isCompressible(
  plan: CompressionPlan,
  request: HttpMessage,
  response: HttpMessage,
  wholeLength: number,
): boolean {
  if (response.version !== HTTP_1_1 || request.version !== HTTP_1_1) return false;
  if (response.status < 200 || response.status > 203) return false;
  if (request.method === 'HEAD') return false;
  const isCounted = (response.flags & (HEAD_CLEN | HEAD_CHUNKED)) !== 0;
  if (!isCounted) return false;
  const length = (response.flags & HEAD_CLEN) !== 0 ? response.contentLength : wholeLength;
  if (length === 0 || (length > 0 && length < plan.minsize)) return false;
  if (response.find(CONTENT_ENCODING_ID, 'content-encoding', 0) >= 0) return false;
  if (forbidsTransform(response) || !hasSoundEtag(response)) return false;
  const type = response.get(CONTENT_TYPE_ID, 'content-type');
  if (type?.toLowerCase().startsWith('multipart')) return false;
  return hasType(response, plan.types);
}

/** Makes a strong validator weak: the bytes are no longer those it names (RFC 9110 8.8.1). */
function weakenEtag(message: HttpMessage): void {
  const index = message.find(ETAG_ID, 'etag', 0);
  if (index < 0) return;
  const value = message.fieldValue(index);
  if (value.charCodeAt(0) === 0x22) message.replaceValue(index, `W/${value}`);
}

/** Says that the answer depends on Accept-Encoding, on the last Vary field there is. */
export function addVary(response: HttpMessage): void {
  let last = -1;
  for (let i = response.find(VARY_ID, 'vary', 0); i >= 0; i = response.find(VARY_ID, 'vary', i + 1)) {
    if (/(?:^|,)\s*(?:accept-encoding|\*)\s*(?:,|$)/i.test(response.fieldValue(i))) return;
    last = i;
  }
  if (last < 0) {
    response.addField('vary', 'Accept-Encoding');
    return;
  }
  // Members that are empty are read, never written (RFC 9110 5.6.1.1).
  const value = response.fieldValue(last).replace(/[ \t]*,[ \t,]*$/, '');
  response.replaceValue(last, value === '' ? 'Accept-Encoding' : `${value},Accept-Encoding`);
}

/** Turns the head into that of the compressed response. */
export function applyToResponse(algorithm: Algorithm, response: HttpMessage): void {
  weakenEtag(response);
  addVary(response);
  response.deleteAll(ACCEPT_RANGES_ID, 'accept-ranges');
  if (algorithm.name !== 'identity') response.addField('content-encoding', algorithm.coding);
}

/** The algorithm for the request's own body, its head changed accordingly; undefined: it goes as it is. */
export function applyToRequest(
  plan: CompressionPlan,
  request: HttpMessage,
  wholeLength: number,
): Algorithm | undefined {
  const algorithm = plan.requestAlgorithm;
  if (algorithm === undefined || algorithm.name === 'identity' || request.version !== HTTP_1_1)
    return undefined;
  if ((request.flags & (HEAD_CLEN | HEAD_CHUNKED)) === 0) return undefined;
  const length = (request.flags & HEAD_CLEN) !== 0 ? request.contentLength : wholeLength;
  if (length === 0 || (length > 0 && length < plan.requestMinsize)) return undefined;
  if (request.find(CONTENT_ENCODING_ID, 'content-encoding', 0) >= 0) return undefined;
  if (!hasType(request, plan.requestTypes)) return undefined;
  request.addField('content-encoding', algorithm.coding);
  return algorithm;
}
