/** The addresses of a client connection, asked from the engine once, when something first needs them. */
import { Address } from '../base/ip.ts';
import { parseSockaddr } from '../native/sockaddr.ts';
import type { Engine } from './boundary.ts';
import type { Session } from './session.ts';

const PEER = 0;
const LOCAL = 1;
/** Room for a sockaddr_in6; a unix peer has no address that anyone reads. */
const sockaddr = new Uint8Array(28);

/** The client's address; undefined for a unix socket. `session.sourcePort` is set with it. */
export function sessionSource(session: Session, engine: Engine): Address | undefined {
  if (session.source !== undefined) return session.source;
  const length = engine.connAddress(session.conn, session.generation, PEER, sockaddr);
  if (length <= 0) return undefined;
  const parts = parseSockaddr(sockaddr.subarray(0, length));
  if (parts.family !== 4 && parts.family !== 6) return undefined;
  session.source = new Address(parts.octets);
  session.sourcePort = parts.port;
  return session.source;
}

/** The address the client connected to. */
export function sessionDestination(session: Session, engine: Engine): Address | undefined {
  if (session.destination !== undefined) return session.destination;
  const length = engine.connAddress(session.conn, session.generation, LOCAL, sockaddr);
  if (length <= 0) return undefined;
  const parts = parseSockaddr(sockaddr.subarray(0, length));
  if (parts.family !== 4 && parts.family !== 6) return undefined;
  session.destination = new Address(parts.octets);
  session.destinationPort = parts.port;
  return session.destination;
}
