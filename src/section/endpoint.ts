/** Addresses as they are written after `bind`, `server`, `log`, `stats socket`: configuration manual, section 2.9. Text in, parts
 * out; nothing is looked up here (names are resolved by the control plane when it starts).
 */
import { parseAddress } from '../base/ip.ts';

export interface Endpoint {
  readonly kind: 'ipv4' | 'ipv6' | 'unix' | 'abns' | 'fd' | 'name';
  /** Text form of an IP, a path, an abstract or host name; '' for any address. */
  readonly host: string;
  /** 0 when there is none; equal to `portEnd` unless a range was written. */
  readonly port: number;
  readonly portEnd: number;
  /** `:+10`, `:-10`: added to the client's port. */
  readonly portOffset: number;
  readonly hasPort: boolean;
  readonly fd: number;
  readonly isDatagram: boolean;
  readonly source: string;
}

export interface EndpointError {
  readonly error: string;
  readonly advice: string;
}

/** prefix → family it forces ('' = by syntax) and whether it is a datagram socket. */
const PREFIXES: Readonly<Record<string, readonly [family: string, isDatagram: boolean]>> = {
  ip: ['', false],
  ipv4: ['ipv4', false],
  ipv6: ['ipv6', false],
  tcp: ['', false],
  tcp4: ['ipv4', false],
  tcp6: ['ipv6', false],
  udp: ['', true],
  udp4: ['ipv4', true],
  udp6: ['ipv6', true],
  unix: ['unix', false],
  uxst: ['unix', false],
  uxdg: ['unix', true],
  abns: ['abns', false],
  fd: ['fd', false],
};

const NOT_BUILT = new Set([
  'abnsz',
  'sockpair',
  'rhttp',
  'quic',
  'quic4',
  'quic6',
  'mptcp',
  'mptcp4',
  'mptcp6',
]);

const PREFIX_ADVICE = `Address prefixes: ${Object.keys(PREFIXES)
  .map((name) => `${name}@`)
  .join(', ')}.`;

interface Scheme {
  family: string;
  isDatagram: boolean;
  rest: string;
}

function schemeOf(text: string, isDatagram: boolean): Scheme | EndpointError {
  // Most addresses have no prefix, and configurations have thousands.
  if (!text.includes('@')) return { family: '', isDatagram, rest: text };
  const typed = /^(stream|dgram)\+/.exec(text);
  const plain = typed === null ? text : text.slice(typed[0].length);
  const datagram = typed === null ? isDatagram : typed[1] === 'dgram';
  const match = /^([a-z0-9]+)@/.exec(plain);
  if (match === null) return { family: '', isDatagram: datagram, rest: plain };
  const name = match[1] as string;
  if (NOT_BUILT.has(name)) return { error: `'${name}@' addresses are not built yet`, advice: PREFIX_ADVICE };
  const prefix = Object.hasOwn(PREFIXES, name) ? PREFIXES[name] : undefined;
  if (prefix === undefined)
    return { error: `unknown address prefix '${name}@' in '${text}'`, advice: PREFIX_ADVICE };
  const isForced = /^(tcp|udp|uxst|uxdg)/.test(name);
  return {
    family: prefix[0],
    isDatagram: isForced ? prefix[1] : datagram,
    rest: plain.slice(match[0].length),
  };
}

interface Ports {
  port: number;
  portEnd: number;
  portOffset: number;
}

function portsOf(text: string): Ports | EndpointError {
  const advice = 'A port is a number between 0 and 65535, a range is low-high.';
  const offset = text[0] === '+' || text[0] === '-' ? /^([+-])(\d{1,5})$/.exec(text) : null;
  if (offset !== null) {
    const value = Number(offset[2]);
    return { port: 0, portEnd: 0, portOffset: offset[1] === '-' ? -value : value };
  }
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const port = Number(match?.[1]);
  const portEnd = Number(match?.[2] ?? match?.[1]);
  if (match === null || port > 65535 || portEnd > 65535) return { error: `invalid port '${text}'`, advice };
  if (portEnd < port) return { error: `invalid port range '${text}'`, advice };
  return { port, portEnd, portOffset: 0 };
}

/** Cuts `host:port`; the last colon counts unless the address is in brackets. */
function splitPort(text: string): { host: string; port: string | undefined } {
  if (text.startsWith('[]')) return { host: '[]', port: undefined };
  const bracketed = text[0] === '[' ? /^\[([^\]]*)\](?::(.*))?$/s.exec(text) : null;
  if (bracketed !== null) return { host: bracketed[1] as string, port: bracketed[2] };
  const colon = text.lastIndexOf(':');
  return colon < 0
    ? { host: text, port: undefined }
    : { host: text.slice(0, colon), port: text.slice(colon + 1) };
}

interface Host {
  readonly kind: 'ipv4' | 'ipv6' | 'name';
  readonly text: string;
}

/** `0` and `10.1` as inet_aton(3) reads them: the last number fills what is left. Anything else stays as it is. */
function fullIpv4(host: string): string {
  const parts = host.split('.').map((part) => (/^\d{1,10}$/.test(part) ? Number(part) : -1));
  const last = parts.at(-1) as number;
  const room = 4 - parts.length;
  if (room < 1 || room > 3 || parts.includes(-1) || last >= 256 ** (room + 1)) return host;
  const bytes = parts.slice(0, -1);
  for (let i = room; i >= 0; i--) bytes.push(Math.floor(last / 256 ** i) % 256);
  return bytes.join('.');
}

function parseHost(host: string, family: string): Host | EndpointError {
  if (host === '[]') return { error: "invalid address: '[]'", advice: 'Write [::] for any IPv6 address.' };
  if (host === '' || host === '*') return { kind: family === 'ipv6' ? 'ipv6' : 'ipv4', text: '' };
  const found = parseAddress(host) ?? parseAddress(fullIpv4(host));
  if (found !== undefined) {
    const kind = found.family === 4 ? 'ipv4' : 'ipv6';
    if (family === '' || family === kind) return { kind, text: found.toString() };
    return { error: `'${host}' is not an ${family} address`, advice: 'Change the prefix or the address.' };
  }
  if (/^[0-9.]+$/.test(host) || !/^[A-Za-z0-9_.-]+$/.test(host)) {
    return { error: `invalid address: '${host}'`, advice: 'Write an IPv4 or IPv6 address, or a host name.' };
  }
  return { kind: 'name', text: host };
}

function plain(kind: Endpoint['kind'], host: string, scheme: Scheme, source: string): Endpoint {
  const isDatagram = scheme.isDatagram;
  return { kind, host, port: 0, portEnd: 0, portOffset: 0, hasPort: false, fd: -1, isDatagram, source };
}

/** The addresses between the commas; nothing after the last comma is no address. */
export function addressTexts(text: string): string[] {
  const texts = text.split(',');
  if (texts.length > 1 && texts.at(-1) === '') texts.pop();
  return texts;
}

/** Reads one address. */
export function parseEndpoint(text: string, isDatagram = false): Endpoint | EndpointError {
  const scheme = schemeOf(text, isDatagram);
  if ('error' in scheme) return scheme;
  const { family, rest } = scheme;
  if (family === 'fd') {
    if (/^\d{1,9}$/.test(rest)) return { ...plain('fd', '', scheme, text), fd: Number(rest) };
    const advice = 'fd@ takes the number of an inherited descriptor, often "fd@${NAME}" in double quotes.';
    return { error: `file descriptor '${rest}' is not a valid integer in '${text}'`, advice };
  }
  if (family === 'unix' || family === 'abns' || (family === '' && rest.startsWith('/'))) {
    const kind = family === 'abns' ? 'abns' : 'unix';
    if (rest !== '' && rest.length <= 107) return plain(kind, rest, scheme, text);
    return {
      error: `socket path '${rest}' is empty or too long`,
      advice: 'It may have up to 107 characters.',
    };
  }
  const { host, port } = splitPort(rest);
  const found = parseHost(host, family);
  if ('error' in found) return { ...found, error: `${found.error} in '${text}'` };
  const ports = port === undefined || port === '' ? { port: 0, portEnd: 0, portOffset: 0 } : portsOf(port);
  if ('error' in ports) return ports;
  return {
    kind: found.kind,
    host: found.text,
    port: ports.port,
    portEnd: ports.portEnd,
    portOffset: ports.portOffset,
    hasPort: port !== undefined && port !== '',
    fd: -1,
    isDatagram: scheme.isDatagram,
    source: text,
  };
}
