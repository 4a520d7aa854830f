/** `compression` lines of a frontend and its backend combined: the backend's algorithms, types and sizes win over the
 * frontend's, offload and direction add up. Made once per pair of proxies.
 */
import type { CompressionSettings } from '../model/proxy.ts';
import { type Algorithm, findAlgorithm } from './algorithm.ts';
import type { NegotiationMemory } from './negotiate.ts';

export interface CompressionPlan {
  /** Compress responses: in order of preference. */
  readonly algorithms: readonly Algorithm[];
  /** What a client gets that names none of them: the identity algorithm, if configured. */
  readonly identity: number;
  /** Beginnings of Content-Type values, lower case; empty = all. */
  readonly types: readonly string[];
  readonly minsize: number;
  /** Compress requests with this one. */
  readonly requestAlgorithm: Algorithm | undefined;
  readonly requestTypes: readonly string[];
  readonly requestMinsize: number;
  readonly isOffload: boolean;
  readonly varyAlways: boolean;
  readonly memory: NegotiationMemory;
}

function algorithmsOf(names: readonly string[] | undefined): Algorithm[] {
  const found: Algorithm[] = [];
  for (const name of names ?? []) {
    const algorithm = findAlgorithm(name);
    if (algorithm !== undefined) found.push(algorithm);
  }
  return found;
}

function firstFilled(back: readonly string[] | undefined, front: readonly string[] | undefined): string[] {
  const chosen = back !== undefined && back.length > 0 ? back : (front ?? []);
  return chosen.map((word) => word.toLowerCase());
}

/** What both proxies of a pair say together; undefined when neither speaks of compression. */
export function planCompression(
  front: CompressionSettings | undefined,
  back: CompressionSettings | undefined,
): CompressionPlan | undefined {
  if (front === undefined && back === undefined) return undefined;
  const does = (direction: 'request' | 'response'): boolean =>
    [front?.direction, back?.direction].some((word) => word === direction || word === 'both');
  const algorithms = does('response')
    ? algorithmsOf(firstFilled(back?.algosResponse, front?.algosResponse))
    : [];
  const requestAlgorithm = does('request')
    ? algorithmsOf(firstFilled(back?.algosRequest, front?.algosRequest))[0]
    : undefined;
  if (algorithms.length === 0 && requestAlgorithm === undefined) return undefined;
  return {
    algorithms,
    identity: algorithms.findIndex((algorithm) => algorithm.name === 'identity'),
    types: firstFilled(back?.typesResponse, front?.typesResponse),
    minsize: back?.minsizeResponse || front?.minsizeResponse || 0,
    requestAlgorithm,
    requestTypes: firstFilled(back?.typesRequest, front?.typesRequest),
    requestMinsize: back?.minsizeRequest || front?.minsizeRequest || 0,
    isOffload: front?.offload === true || back?.offload === true,
    varyAlways: front?.varyAlways === true || back?.varyAlways === true,
    memory: { field: '', choice: -1 },
  };
}
