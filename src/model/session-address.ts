/** The addresses of a client connection, at three levels as in HAProxy: the connection's (its socket, unless `tcp-request connection
 * set-src` said otherwise), the session's (a PROXY header replaces them, then `tcp-request session set-src`), the stream's (rules on
 * content and requests). Each level that says nothing shows the one before. Asked from the engine once, when something first needs them.
 */
import { Address } from '../base/ip.ts';
import * as abi from '../native/abi.ts';
import { parseSockaddr } from '../native/sockaddr.ts';
import type { Engine } from './boundary.ts';
import type { Session } from './session.ts';
import type { Stream } from './stream.ts';

export interface Endpoint {
  readonly address: Address;
  readonly port: number;
}

/** Room for a sockaddr_in6; a unix peer has no address that anyone reads. */
const sockaddr = new Uint8Array(28);

function ask(session: Session, engine: Engine, which: number): Endpoint | undefined {
  const length = engine.connAddress(session.conn, session.generation, which, sockaddr);
  if (length <= 0) return undefined;
  const parts = parseSockaddr(sockaddr.subarray(0, length));
  if (parts.family !== 4 && parts.family !== 6) return undefined;
  return { address: new Address(parts.octets), port: parts.port };
}

function isSame(a: Endpoint | undefined, b: Endpoint | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.port === b.port && a.address.equals(b.address);
}

/** What the connection's level says when a rule has written there: a PROXY header's address goes before it. */
function written(session: Session, engine: Engine, isSource: boolean): Endpoint | undefined {
  const own = isSource ? session.peer : session.own;
  const told = ask(session, engine, isSource ? abi.ADDRESS_SOURCE : abi.ADDRESS_DESTINATION);
  const real = ask(session, engine, isSource ? abi.ADDRESS_PEER : abi.ADDRESS_OWN);
  return isSame(told, real) ? own : told;
}

/** The client's address; undefined for a unix socket. `session.sourcePort` is set with it. */
export function sessionSource(session: Session, engine: Engine): Address | undefined {
  if (session.source !== undefined) return session.source;
  const end = session.isPeerSet ? written(session, engine, true) : ask(session, engine, abi.ADDRESS_SOURCE);
  if (end === undefined) return undefined;
  session.source = end.address;
  session.sourcePort = end.port;
  return end.address;
}

/** The address the client connected to. */
export function sessionDestination(session: Session, engine: Engine): Address | undefined {
  if (session.destination !== undefined) return session.destination;
  const end = session.isOwnSet
    ? written(session, engine, false)
    : ask(session, engine, abi.ADDRESS_DESTINATION);
  if (end === undefined) return undefined;
  session.destination = end.address;
  session.destinationPort = end.port;
  return end.address;
}

/** The connection's level: the far end of the socket. */
export function peerOf(session: Session, engine: Engine): Endpoint | undefined {
  session.peer ??= ask(session, engine, abi.ADDRESS_PEER);
  return session.peer;
}

/** The connection's level: our end of the socket. */
export function ownEndOf(session: Session, engine: Engine): Endpoint | undefined {
  session.own ??= ask(session, engine, abi.ADDRESS_OWN);
  return session.own;
}

export function sourceOf(stream: Stream): Address | undefined {
  const own = stream.source;
  return own === undefined ? sessionSource(stream.session, stream.engine) : own.address;
}

/** 0 when there is no address. */
export function sourcePortOf(stream: Stream): number {
  if (stream.source !== undefined) return stream.source.port;
  return sessionSource(stream.session, stream.engine) === undefined ? 0 : stream.session.sourcePort;
}

export function destinationOf(stream: Stream): Address | undefined {
  const own = stream.destination;
  return own === undefined ? sessionDestination(stream.session, stream.engine) : own.address;
}

/** 0 when there is no address. */
export function destinationPortOf(stream: Stream): number {
  if (stream.destination !== undefined) return stream.destination.port;
  return sessionDestination(stream.session, stream.engine) === undefined ? 0 : stream.session.destinationPort;
}

/** What was asked before a PROXY header is asked again behind it. */
export function forgetAddresses(session: Session): void {
  session.source = undefined;
  session.destination = undefined;
  session.sourceText = '';
  session.clientText = '';
  session.proxyLine = '';
  session.proxyBlock = '';
}
