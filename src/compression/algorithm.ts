/** The codings of `compression algo`: what a client calls them, and the stage of the engine that makes them. */
import * as abi from '../native/abi.ts';

export interface Algorithm {
  /** Word of the configuration. */
  readonly name: string;
  /** Content coding on the wire (RFC 9110 8.4.1). */
  readonly coding: string;
  /** STAGE_*; identity's body is only chunked anew. */
  readonly stage: number;
}

export const ALGORITHMS: readonly Algorithm[] = [
  { name: 'identity', coding: 'identity', stage: abi.STAGE_IDENTITY },
  { name: 'gzip', coding: 'gzip', stage: abi.STAGE_GZIP },
  { name: 'deflate', coding: 'deflate', stage: abi.STAGE_ZLIB },
  // Not what RFC 9110 8.4.1.2 calls deflate, but what some old clients want under that name.
  { name: 'raw-deflate', coding: 'deflate', stage: abi.STAGE_RAW },
];

/** By the configuration's name; undefined when there is none. */
export function findAlgorithm(name: string): Algorithm | undefined {
  return ALGORITHMS.find((algorithm) => algorithm.name === name);
}
