/** Hot path. A session is a client connection's life: made with the first event of a connection that policy sees, kept until
 * the engine says that the connection is over. The data thread that accepted the connection owns it.
 */
import type { Address } from '../base/ip.ts';
import type { Listener } from './listener.ts';
import type { SampleValue } from './rules.ts';
import type { Endpoint } from './session-address.ts';

export class Session {
  readonly conn: number;
  readonly generation: number;
  readonly listener: Listener;
  /** Streams begun on this session; 1 for the first. */
  streams = 0;
  /** Counted as a session: its PROXY header was read, no rule refused it. */
  isOpen = false;
  /** It came from another process, which counted it. */
  isMoved = false;
  /** Why no PROXY header came of it (HANDSHAKE_*), 0 otherwise. */
  handshakeError = 0;
  /** Asked from the engine when first needed. */
  source: Address | undefined;
  sourcePort = 0;
  /** `source` as text, '' until it was needed. */
  sourceText = '';
  destination: Address | undefined;
  destinationPort = 0;
  /** The connection's own ends, below any PROXY header (`fc_src`, `fc_dst`); asked when first needed, or written by a rule. */
  peer: Endpoint | undefined;
  own: Endpoint | undefined;
  isPeerSet = false;
  isOwnSet = false;
  /** `address:port [ of the client as log lines begin, made with the first line. */
  clientText = '';
  /** The PROXY headers, version 1 and 2, that servers are told of it; '' until they were needed. */
  proxyLine = '';
  proxyBlock = '';
  variables: Map<string, SampleValue> | undefined;

  constructor(conn: number, generation: number, listener: Listener) {
    this.conn = conn;
    this.generation = generation;
    this.listener = listener;
  }
}
