/** `set server <b>/<s> addr` and `check-port`: where a server is reached, changed while traffic runs. */
import { parseAddress } from '../base/ip.ts';
import type { ServerRecord } from '../check/server-state.ts';
import type { ServerAddress } from '../model/server.ts';
import type { Control } from './command.ts';

const PORT_MAX = 65535;

/** What changed, in HAProxy's words. */
function changes(before: ServerAddress, after: ServerAddress): string {
  const parts: string[] = [];
  if (before.host !== after.host) parts.push(`IP changed from '${before.host}' to '${after.host}'`);
  if (before.port !== after.port) parts.push(`port changed from '${before.port}' to '${after.port}'`);
  return parts.length === 0 ? 'nothing changed\n' : `${parts.join(', ')} by 'stats socket command'\n`;
}

/** `addr <ip> [port <port>]`: moves a server. Returns what the client is told. */
export function setServerAddress(control: Control, record: ServerRecord, args: readonly string[]): string {
  const [host, portWord, portText = ''] = args;
  if (host === undefined) return 'set server <b>/<s> addr requires an address and optionally a port.\n';
  const parsed = parseAddress(host);
  if (parsed === undefined) return `Invalid addr '${host}'\n`;
  const { server } = record;
  const before = server.resolved ?? server.address;
  let { port } = before;
  if (portWord !== undefined) {
    if (portWord !== 'port' || !/^\d{1,5}$/.test(portText) || Number(portText) > PORT_MAX) {
      return `problem converting port '${portText}' to an int\n`;
    }
    port = Number(portText);
  }
  const after: ServerAddress = {
    kind: parsed.family === 4 ? 'ipv4' : 'ipv6',
    host: parsed.toString(),
    port,
    portOffset: 0,
    source: `${host}:${port}`,
  };
  const text = changes(before, after);
  if (!text.startsWith('nothing')) control.setAddress(server, after);
  return text;
}

/** `check-port <port>`: returns what the client is told, '' when it is done. */
export function setCheckPort(record: ServerRecord, text: string | undefined): string {
  const { check } = record.server;
  if (text === undefined) return 'set server <b>/<s> check-port requires a port.\n';
  if (!check.enabled) return 'health checks are not enabled on this server\n';
  if (!/^\d{1,5}$/.test(text) || Number(text) > PORT_MAX) return 'provided port is not an integer\n';
  check.port = Number(text);
  return '';
}
