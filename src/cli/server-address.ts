/** `set server <b>/<s> addr`, `check-addr` and `check-port`: where a server is reached, changed while traffic runs. */
import { parseAddress } from '../base/ip.ts';
import type { ServerRecord } from '../check/server-state.ts';
import type { ServerAddress } from '../model/server.ts';
import { type Answer, fail, Message, SEVERITY_WARNING } from './answer.ts';
import type { Control } from './command.ts';

const PORT_MAX = 65535;

function warn(text: string): Message {
  return new Message(SEVERITY_WARNING, text);
}

function portText({ port, portOffset }: ServerAddress): string {
  if (portOffset === 0) return String(port);
  return portOffset > 0 ? `+${portOffset}` : String(portOffset);
}

/** What changed, in HAProxy's words; '' = nothing. */
function changes(before: ServerAddress, after: ServerAddress): string {
  const parts: string[] = [];
  if (before.host !== after.host) parts.push(`IP changed from '${before.host}' to '${after.host}'`);
  const ports = [portText(before), portText(after)] as const;
  if (ports[0] !== ports[1]) parts.push(`port changed from '${ports[0]}' to '${ports[1]}'`);
  return parts.join(', ');
}

/** `<port>`, or `+<n>` and `-<n>` from the client's own port. */
function readPort(text: string): { port: number; portOffset: number } | undefined {
  const match = /^([+-]?)(\d{1,5})$/.exec(text);
  const value = Number(match?.[2] ?? PORT_MAX + 1);
  if (match === null || value > PORT_MAX) return undefined;
  if (match[1] === '') return { port: value, portOffset: 0 };
  return { port: 0, portOffset: match[1] === '-' ? -value : value };
}

function movedAddress(host: string, ports: { port: number; portOffset: number }): ServerAddress | undefined {
  const parsed = parseAddress(host);
  if (parsed === undefined) return undefined;
  const kind = parsed.family === 4 ? 'ipv4' : 'ipv6';
  return { kind, host: parsed.toString(), ...ports, source: `${host}:${ports.port}` };
}

/** `addr <ip> [port <port>]`: moves a server. */
export function setServerAddress(control: Control, record: ServerRecord, args: readonly string[]): Answer {
  const [host, portWord, text = ''] = args;
  if (host === undefined) {
    return fail('set server <b>/<s> addr requires an address and optionally a port.\n');
  }
  const { server } = record;
  const before = server.resolved ?? server.address;
  if (parseAddress(host) === undefined) return warn(`Invalid addr '${host}'\n`);
  const ports = portWord === 'port' ? readPort(text) : before;
  if (ports === undefined) return warn(`problem converting port '${text}' to an int\n`);
  if (ports.portOffset !== 0 && server.check.enabled && server.check.port === 0) {
    return warn("can't switch to port map as this server has health checks and no check port defined.\n");
  }
  const after = movedAddress(host, { port: ports.port, portOffset: ports.portOffset });
  if (after === undefined) return warn(`Invalid addr '${host}'\n`);
  const what = changes(before, after);
  if (what === '') return warn('nothing changed\n');
  control.setAddress(server, after);
  control.source.changed.addresses.add(server.index);
  return warn(`${what} by 'stats socket command'\n`);
}

const CHECKS_OFF = warn('health checks are not enabled on this server\n');

function setPort(record: ServerRecord, text: string): Answer {
  if (!/^\d+$/.test(text)) return warn('provided port is not an integer\n');
  if (text.length > 5 || Number(text) > PORT_MAX) return warn('provided port is invalid\n');
  record.server.check.port = Number(text);
  return '';
}

/** `check-port <port>` */
export function setCheckPort(record: ServerRecord, text: string | undefined): Answer {
  if (text === undefined) return fail('set server <b>/<s> check-port requires a port.\n');
  return record.server.check.enabled ? setPort(record, text) : CHECKS_OFF;
}

/** `check-addr <ip> [port <port>]` */
export function setCheckAddress(record: ServerRecord, args: readonly string[]): Answer {
  const [host, portWord, port] = args;
  if (host === undefined) {
    return fail('set server <b>/<s> check-addr requires an address and optionally a port.\n');
  }
  const { check } = record.server;
  if (!check.enabled) return CHECKS_OFF;
  const address = movedAddress(host, { port: 0, portOffset: 0 });
  if (address === undefined) return warn(`invalid addr '${host}'\n`);
  if (portWord === 'port') {
    const refusal = setPort(record, port ?? '');
    if (refusal !== '') return refusal;
  }
  check.address = address;
  return '';
}
