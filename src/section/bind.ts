/** `bind <address>[,…] [options]`: one listener for each address, and for each port of a range. */
import { custom } from '../config/argument.ts';
import type { Keyword } from '../config/keyword.ts';
import type { Word, WordCursor } from '../config/place.ts';
import type { Listener, ListenerAddress } from '../model/listener.ts';
import { readBindOptions } from './bind-options.ts';
import { addressTexts, type Endpoint, parseEndpoint } from './endpoint.ts';
import type { ProxySection } from './proxy-section.ts';
import type { Reading } from './reading.ts';
import { proxyKeyword } from './traits.ts';

const ADDRESS_ADVICE =
  'Write [<address>]:<port>, a path, abns@<name> or fd@<number>; several with commas between.';

function newListener(section: ProxySection, address: ListenerAddress, cursor: WordCursor): Listener {
  const { listeners } = section.reading.configuration;
  const listener: Listener = {
    index: listeners.length,
    proxy: section.proxy,
    place: cursor.place,
    address,
    name: '',
    id: 0,
    maxconn: 0,
    backlog: 0,
    v6only: false,
    v4v6: false,
    mode: undefined,
    uid: undefined,
    gid: undefined,
    settings: new Map(),
  };
  listeners.push(listener);
  section.proxy.listeners.push(listener);
  return listener;
}

/** The addresses of <endpoint>, one for each port; undefined when an alert was given. */
export function listenerAddresses(
  endpoint: Endpoint,
  cursor: WordCursor,
  at: Word,
  reading: Reading,
): ListenerAddress[] | undefined {
  const { fd, source } = endpoint;
  let { kind, host } = endpoint;
  if (kind === 'name') {
    const local = reading.hostAddress(host);
    if (local === undefined) {
      const advice = `A listening address is written in numbers, or is a name of /etc/hosts. ${ADDRESS_ADVICE}`;
      cursor.alerts.alert(`'bind' : invalid address: '${host}' in '${source}'`, at, advice);
      return undefined;
    }
    kind = local.family === 4 ? 'ipv4' : 'ipv6';
    host = local.toString();
  }
  if (endpoint.isDatagram) {
    cursor.alerts.alert(`'bind' : datagram sockets are not built yet in '${source}'`, at, ADDRESS_ADVICE);
    return undefined;
  }
  if (kind === 'unix' || kind === 'abns' || kind === 'fd') return [{ kind, host, port: 0, fd, source }];
  if (!endpoint.hasPort || endpoint.portOffset !== 0) {
    cursor.alerts.alert(`'bind' : missing port specification in '${source}'`, at, ADDRESS_ADVICE);
    return undefined;
  }
  if (endpoint.port === 0) {
    cursor.alerts.alert(`'bind' : port 0 cannot be listened to in '${source}'`, at, ADDRESS_ADVICE);
    return undefined;
  }
  const addresses: ListenerAddress[] = [];
  for (let port = endpoint.port; port <= endpoint.portEnd; port++)
    addresses.push({ kind, host, port, fd: -1, source });
  return addresses;
}

/** Reads addresses and options from the cursor on; also for the address on a `listen` line, as version 1.4 had it. */
export function readBind(section: ProxySection, cursor: WordCursor): void {
  const at = cursor.words[cursor.position++] as Word;
  const listeners: Listener[] = [];
  for (const text of addressTexts(at.text)) {
    const endpoint = parseEndpoint(section.reading.variables.expand(text));
    if ('error' in endpoint) {
      cursor.alerts.alert(`'bind' : ${endpoint.error}`, at, endpoint.advice);
      return;
    }
    const addresses = listenerAddresses(endpoint, cursor, at, section.reading);
    if (addresses === undefined) return;
    for (const address of addresses) listeners.push(newListener(section, address, cursor));
  }
  readBindOptions(cursor, listeners, `bind ${at.text}`, section.reading);
}

export const bindKeywords: readonly Keyword<ProxySection>[] = [
  proxyKeyword({
    name: 'bind',
    args: [custom('[<address>]:<port>[-<port>][,...] [<option>]...')],
    traits: { needs: 'frontend', defaults: 'no' },
    parse({ target, cursor }) {
      readBind(target, cursor);
    },
  }),
];
