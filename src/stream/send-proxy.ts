/** Hot path. The PROXY protocol header that a new connection to a server begins with. It says what rules and logs see: the stream's
 * addresses, so two clients never share a connection (the engine compares what connections began with). Kept with the session where it
 * is the same for all its requests.
 */
import {
  type HeaderEnd,
  headerBlock,
  headerLine,
  NO_RECORDS,
  NO_TLS,
  type Records,
  record,
  TLS_TYPE,
} from '../base/proxy-header.ts';
import type { LogFormat } from '../model/rules.ts';
import type { Server } from '../model/server.ts';
import type { ServerProxy } from '../model/server-proxy.ts';
import { destinationOf, destinationPortOf, sourceOf, sourcePortOf } from '../model/session-address.ts';
import * as abi from '../native/abi.ts';
import { recordOf } from '../sample/fetches/proxy-protocol.ts';
import type { DataStream } from './data-stream.ts';

const AUTHORITY = 0x02;
const UNIQUE_ID = 0x05;

function sourceEnd(stream: DataStream): HeaderEnd | undefined {
  const address = sourceOf(stream);
  return address === undefined ? undefined : { address, port: sourcePortOf(stream) };
}

function destinationEnd(stream: DataStream): HeaderEnd | undefined {
  const address = destinationOf(stream);
  return address === undefined ? undefined : { address, port: destinationPortOf(stream) };
}

/** The text of <format> for this stream. Once the request was sent its head is gone: another attempt says what the first said. */
function valueOf(stream: DataStream, format: LogFormat): string {
  const known = stream.proxyValues?.get(format.source);
  if (known !== undefined || stream.isForwarded) return known ?? '';
  const value = format.build(stream);
  stream.proxyValues ??= new Map();
  stream.proxyValues.set(format.source, value);
  return value;
}

function uniqueId(stream: DataStream): string {
  stream.uniqueId ??= stream.isForwarded ? '' : (stream.frontend.uniqueIdFormat?.build(stream) ?? '');
  return stream.uniqueId;
}

function recordsFor(stream: DataStream, proxy: ServerProxy): Records {
  let named = '';
  let others = '';
  for (let i = 0; i < proxy.records.length; i++) {
    const { type, format } = proxy.records[i] as ServerProxy['records'][number];
    named += record(type, format === undefined ? '' : valueOf(stream, format));
  }
  if (proxy.hasAuthority) {
    const authority = recordOf(stream, AUTHORITY);
    if (authority !== undefined) others += record(AUTHORITY, authority);
  }
  if (proxy.hasUniqueId) others += record(UNIQUE_ID, uniqueId(stream));
  if (proxy.hasTls) others += record(TLS_TYPE, NO_TLS);
  return { named, hasChecksum: proxy.hasChecksum, others };
}

function makeHeader(stream: DataStream, proxy: ServerProxy, isPlain: boolean): string {
  const source = sourceEnd(stream);
  const destination = destinationEnd(stream);
  if (!proxy.sendsBlock) return headerLine(source, destination);
  return headerBlock(source, destination, isPlain ? NO_RECORDS : recordsFor(stream, proxy));
}

function hasRecords(proxy: ServerProxy): boolean {
  if (proxy.records.length > 0 || proxy.hasChecksum) return true;
  return proxy.hasAuthority || proxy.hasUniqueId || proxy.hasTls;
}

function headerFor(stream: DataStream, proxy: ServerProxy): string {
  const isPlain = !proxy.sendsBlock || !hasRecords(proxy);
  if (!isPlain || stream.source !== undefined || stream.destination !== undefined) {
    return makeHeader(stream, proxy, isPlain);
  }
  const { session } = stream;
  const known = proxy.sendsBlock ? session.proxyBlock : session.proxyLine;
  if (known !== '') return known;
  const made = makeHeader(stream, proxy, true);
  if (proxy.sendsBlock) session.proxyBlock = made;
  else session.proxyLine = made;
  return made;
}

/** Adds to the FORWARD command at word <at> what a connection to <server> begins with. */
export function writePrefix(stream: DataStream, server: Server, at: number): void {
  const proxy = server.sendProxy;
  if (proxy === undefined || (!proxy.sendsLine && !proxy.sendsBlock)) return;
  const header = headerFor(stream, proxy);
  const { engine } = stream;
  engine.commands[at + abi.C_PREFIX] = engine.text(header);
  engine.commands[at + abi.C_PREFIX_LEN] = header.length;
}
