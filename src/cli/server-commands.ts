/** `set server`, `enable|disable server`, `set|get weight`, `set maxconn server`, `enable|disable health`. */
import { setAdmin, setOperation, setWeight } from '../check/server-admin.ts';
import type { ServerRecord } from '../check/server-state.ts';
import * as abi from '../native/abi.ts';
import { type Command, type Control, command } from './command.ts';
import { onServer } from './find-server.ts';
import { setCheckPort, setServerAddress } from './server-address.ts';

const WEIGHT_MAX = 256;

/** The weight that <text> asks for: `0` to `256`, or per cent of the first one; or what is wrong. */
export function parseWeight(text: string | undefined, initial: number): number | string {
  const match = /^(\d+)(%?)$/.exec(text ?? '');
  if (text === undefined) return 'Require <weight> or <weight%>.\n';
  if (match === null) {
    return /^\d/.test(text)
      ? 'Trailing garbage in weight string\n'
      : 'Empty weight string empty or preceded by garbage\n';
  }
  const value = Number(match[1]);
  if (match[2] === '%') {
    if (initial === 0 && value > 0) return 'Relative weight must be positive.\n';
    return Math.min(WEIGHT_MAX, Math.floor((initial * value) / 100));
  }
  return value > WEIGHT_MAX ? 'Absolute weight can only be between 0 and 256 inclusive.\n' : value;
}

function applyWeight(control: Control, record: ServerRecord, text: string | undefined): string {
  const weight = parseWeight(text, record.server.weight);
  if (typeof weight === 'string') return weight;
  setWeight(control.source.states, record, weight);
  return '';
}

const SET_USAGE =
  'usage: set server <backend>/<server> addr | agent | agent-addr | agent-port | agent-send | check-addr | check-port | fqdn | health | name | ssl | state | weight\n';

const HEALTHS = { up: 'up', stopping: 'stopping', down: 'down' } as const;

function setServer(control: Control, record: ServerRecord, args: readonly string[]): string {
  const [what, value] = args;
  const { states } = control.source;
  if (what === 'weight') return applyWeight(control, record, value);
  if (what === 'state') {
    if (value !== 'ready' && value !== 'drain' && value !== 'maint') {
      return "'set server <srv> state' expects 'ready', 'drain' and 'maint'.\n";
    }
    setAdmin(states, record, value);
    return '';
  }
  if (what === 'health') {
    if (value !== 'up' && value !== 'stopping' && value !== 'down') {
      return "'set server <srv> health' expects 'up', 'stopping', or 'down'.\n";
    }
    setOperation(states, record, HEALTHS[value]);
    return '';
  }
  if (what === 'addr') return setServerAddress(control, record, args.slice(1));
  if (what === 'check-port') return setCheckPort(record, value);
  if (what === 'agent') return 'agent checks are not enabled on this server.\n';
  if (what === 'fqdn') return 'set server <b>/<s> fqdn failed because no resolution is configured.\n';
  return SET_USAGE;
}

function setMaxconn(control: Control, record: ServerRecord, [text]: readonly string[]): string {
  if (text === undefined) return 'Require <maxconn>.\n';
  if (!/^\d{1,9}$/.test(text)) return 'Integer value expected.\n';
  const { live } = control.source;
  Atomics.store(live.words, live.server(record.server.index) + abi.LIVE_SV_MAXCONN, Number(text));
  control.source.states.change(record, () => {});
  return '';
}

function setChecks(isOn: boolean): Command['run'] {
  return onServer((_, record) => {
    if (!record.server.check.enabled) return 'Health checks are not configured on this server.\n';
    record.checksEnabled = isOn;
    return '';
  });
}

export const serverCommands: readonly Command[] = [
  command(
    'set server',
    '<bk>/<srv> [opts]',
    "change a server's state, health, weight or address",
    'admin',
    onServer(setServer),
  ),
  command(
    'enable server',
    '<bk>/<srv>',
    'enable a disabled server (like set server ... state ready)',
    'admin',
    onServer((control, record) => {
      setAdmin(control.source.states, record, 'ready');
      return '';
    }),
  ),
  command(
    'disable server',
    '<bk>/<srv>',
    'put a server into maintenance (like set server ... state maint)',
    'admin',
    onServer((control, record) => {
      setAdmin(control.source.states, record, 'maint');
      return '';
    }),
  ),
  command(
    'set weight',
    '<bk>/<srv> <weight>[%]',
    "change a server's weight (absolute, or per cent of the first one)",
    'admin',
    onServer((control, record, [text]) => applyWeight(control, record, text)),
  ),
  command(
    'get weight',
    '<bk>/<srv>',
    "report a server's current weight",
    'user',
    onServer((_, record) => `${record.weight} (initial ${record.server.weight})\n`),
  ),
  command(
    'set maxconn server',
    '<bk>/<srv> <n>',
    "change a server's maxconn",
    'operator',
    onServer(setMaxconn),
  ),
  command('enable health', '<bk>/<srv>', 'enable health checks', 'admin', setChecks(true)),
  command('disable health', '<bk>/<srv>', 'disable health checks', 'admin', setChecks(false)),
];
