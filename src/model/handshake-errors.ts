/** Why no PROXY header came of a client connection: HAProxy's numbers, names and words, by the engine's HANDSHAKE_* numbers. */
import * as abi from '../native/abi.ts';

export interface HandshakeError {
  /** What `fc_err` says. */
  readonly code: number;
  readonly name: string;
  readonly text: string;
}

function error(code: number, name: string, text: string): HandshakeError {
  return { code, name, text };
}

function makeErrors(): readonly HandshakeError[] {
  const all: HandshakeError[] = [];
  const header = 'PROXY protocol header';
  all[abi.HANDSHAKE_EMPTY] = error(11, 'PRX_EMPTY', `Connection closed while waiting for ${header}`);
  all[abi.HANDSHAKE_ABORT] = error(12, 'PRX_ABORT', `Connection error while waiting for ${header}`);
  all[abi.HANDSHAKE_TIMEOUT] = error(13, 'PRX_TIMEOUT', `Timeout while waiting for ${header}`);
  all[abi.HANDSHAKE_TRUNCATED] = error(14, 'PRX_TRUNCATED', `Truncated ${header} received`);
  all[abi.HANDSHAKE_NOT_HEADER] = error(
    15,
    'PRX_NOT_HDR',
    `Received something which does not look like a ${header}`,
  );
  all[abi.HANDSHAKE_INVALID] = error(16, 'PRX_BAD_HDR', `Received an invalid ${header}`);
  all[abi.HANDSHAKE_UNHANDLED] = error(
    17,
    'PRX_BAD_PROTO',
    `Received an unhandled protocol in the ${header}`,
  );
  return all;
}

export const PROXY_ERRORS: readonly HandshakeError[] = makeErrors();

/** Nothing was said, or the client left: `option dontlognull` is silent about these. */
export function isSilent(code: number): boolean {
  return code === abi.HANDSHAKE_EMPTY || code === abi.HANDSHAKE_ABORT || code === abi.HANDSHAKE_TIMEOUT;
}
