/** `server <name> <address>[:<port>] [options]` and `default-server [options]`. */
import { customOrNothing, rawWord } from '../config/argument.ts';
import type { Keyword } from '../config/keyword.ts';
import type { Word, WordCursor } from '../config/place.ts';
import type { CheckSettings, Server, ServerAddress } from '../model/server.ts';
import { parseEndpoint } from './endpoint.ts';
import type { ProxySection } from './proxy-section.ts';
import { readServerOptions, serverAddress } from './server-options.ts';
import { proxyKeyword } from './traits.ts';

/** Time between two checks, and how many decide: as HAProxy. */
function newCheck(): CheckSettings {
  return {
    enabled: false,
    interMs: 2000,
    fastinterMs: 0,
    downinterMs: 0,
    rise: 2,
    fall: 3,
    port: 0,
    address: undefined,
  };
}

/** An idle server connection is kept about so long. */
const POOL_PURGE_DEFAULT_MS = 5000;

function newServer(section: ProxySection, name: string, address: ServerAddress, cursor: WordCursor): Server {
  const { servers } = section.reading.configuration;
  return {
    index: servers.length,
    proxy: section.proxy,
    name,
    place: cursor.place,
    id: 0,
    address,
    resolved: address.kind === 'name' ? undefined : address,
    weight: 1,
    backup: false,
    disabled: false,
    maxconn: 0,
    minconn: 0,
    maxqueue: 0,
    cookie: undefined,
    poolMaxConn: -1,
    poolLowConn: 0,
    poolPurgeDelayMs: POOL_PURGE_DEFAULT_MS,
    netnsFd: -1,
    check: newCheck(),
    sendProxy: undefined,
    settings: new Map(),
  };
}

/** What is wrong with <name> as a server's name, or undefined. */
function nameFault(name: string): string | undefined {
  const bad = /[^A-Za-z0-9_.:-]/.exec(name);
  return bad === null ? undefined : `character '${bad[0]}' is not permitted in server name '${name}'`;
}

function readServer(section: ProxySection, name: Word, text: Word, cursor: WordCursor): void {
  const fault = nameFault(name.text);
  if (fault !== undefined)
    cursor.alerts.alert(`'server' : ${fault}`, name, 'Letters, digits, "-", "_", "." and ":".');
  const endpoint = parseEndpoint(section.reading.variables.expand(text.text));
  const called = `server ${section.proxy.name}/${name.text}`;
  if ('error' in endpoint) {
    cursor.alerts.alert(`'${called}' : ${endpoint.error}`, text, endpoint.advice);
    return;
  }
  if (endpoint.isDatagram || endpoint.kind === 'fd' || endpoint.port !== endpoint.portEnd) {
    const advice = 'A server is an address or a name with one port, or a path of a stream socket.';
    cursor.alerts.alert(`'${called}' : '${text.text}' cannot be the address of a server.`, text, advice);
    return;
  }
  const server = newServer(section, name.text, serverAddress(endpoint), cursor);
  const other = section.serverNames.get(name.text);
  if (other !== undefined) {
    const message = `'${called}' : another server named '${name.text}' was already defined at line ${other.place.line}.`;
    cursor.alerts.alert(message, name, 'Give one of them another name.');
    return;
  }
  section.serverNames.set(name.text, server);
  const settings = readServerOptions(cursor, called);
  if (settings === undefined) return;
  for (const apply of section.defaultServer) apply(server, section.serverFormats);
  for (const apply of settings) apply(server, section.serverFormats);
  section.reading.configuration.servers.push(server);
  section.proxy.servers.push(server);
}

export const serverKeywords: readonly Keyword<ProxySection>[] = [
  proxyKeyword({
    name: 'server',
    args: [rawWord('<name>'), rawWord('<address>[:<port>]'), customOrNothing('[<option>]...')],
    traits: { needs: 'backend', defaults: 'no', otherwise: 'refuse' },
    parse({ target }, name, address, cursor) {
      readServer(target, name, address, cursor);
    },
  }),
  proxyKeyword({
    name: 'default-server',
    args: [customOrNothing('<option>...')],
    traits: { needs: 'backend', otherwise: 'refuse' },
    parse({ target }, cursor) {
      if (cursor.peek() === 'name') {
        const text =
          "'default-server name' is known to HAProxy but not built yet in Sluice; the line is ignored.";
        cursor.alerts.notice(text, cursor.words[1], 'Servers that say from <name> do without its options.');
        cursor.position = cursor.words.length;
        return;
      }
      const settings = readServerOptions(cursor, 'default-server');
      if (settings !== undefined) target.defaultServer.push(...settings);
    },
  }),
];
