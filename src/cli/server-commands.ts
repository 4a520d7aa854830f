/** `set server`, `enable|disable server`, `set|get weight`, `set maxconn server`, `enable|disable health`. */
import { setAdmin, setOperation, setWeight } from '../check/server-admin.ts';
import type { ServerRecord } from '../check/server-state.ts';
import * as abi from '../native/abi.ts';
import { type Answer, fail, say } from './answer.ts';
import { type Command, type Control, command } from './command.ts';
import { onServer } from './find-server.ts';
import { setCheckAddress, setCheckPort, setServerAddress } from './server-address.ts';

const WEIGHT_MAX = 256;

/** The weight that <text> asks for: `0` to `256`, or per cent of the first one; or what is wrong. */
export function parseWeight(text: string | undefined, initial: number): number | string {
  if (text === undefined) return 'Require <weight> or <weight%>.\n';
  const match = /^\s*([+-]?\d+)(%?)(.*)$/.exec(text);
  if (match === null) return 'Empty weight string empty or preceded by garbage\n';
  if (match[3] !== '') return 'Trailing garbage in weight string\n';
  const value = Number(match[1]);
  if (match[2] === '%') {
    if (value < 0) return 'Relative weight must be positive.\n';
    return Math.min(WEIGHT_MAX, Math.floor((initial * value) / 100));
  }
  const isAllowed = value >= 0 && value <= WEIGHT_MAX;
  return isAllowed ? value : 'Absolute weight can only be between 0 and 256 inclusive.\n';
}

function applyWeight(control: Control, record: ServerRecord, text: string | undefined): Answer {
  const weight = parseWeight(text, record.server.weight);
  if (typeof weight === 'string') return fail(weight);
  setWeight(control.source.states, record, weight);
  return '';
}

const SET_USAGE =
  'usage: set server <backend>/<server> addr | agent | agent-addr | agent-port | agent-send | check-addr | check-port | fqdn | health | name | ssl | state | weight\n';

type Setter = (control: Control, record: ServerRecord, args: readonly string[]) => Answer;

function setState(control: Control, record: ServerRecord, [value]: readonly string[]): Answer {
  if (value !== 'ready' && value !== 'drain' && value !== 'maint') {
    return fail("'set server <srv> state' expects 'ready', 'drain' and 'maint'.\n");
  }
  setAdmin(control.source.states, record, value);
  return '';
}

function setHealth(control: Control, record: ServerRecord, [value]: readonly string[]): Answer {
  if (value !== 'up' && value !== 'stopping' && value !== 'down') {
    return fail("'set server <srv> health' expects 'up', 'stopping', or 'down'.\n");
  }
  setOperation(control.source.states, record, value);
  return '';
}

function setFqdn(_: Control, __: ServerRecord, [name]: readonly string[]): Answer {
  if (name === undefined) return fail('set server <b>/<s> fqdn requires a FQDN.\n');
  return fail('set server <b>/<s> fqdn failed because no resolution is configured.\n');
}

function setName(_: Control, record: ServerRecord, [name]: readonly string[]): Answer {
  if (name === undefined) return fail('set server <b>/<s> name requires a new name.\n');
  if (record.admin !== 'maint') {
    return fail('Server must be in maintenance mode to be renamed (set server <b>/<s> state maint).\n');
  }
  return fail('Servers are not renamed at run time: change the configuration and reload.\n');
}

const NO_AGENT = 'agent checks are not enabled on this server';

const SETTERS: Readonly<Record<string, Setter>> = {
  weight: (control, record, [value]) => applyWeight(control, record, value),
  state: setState,
  health: setHealth,
  addr: setServerAddress,
  'check-addr': (_, record, args) => setCheckAddress(record, args),
  'check-port': (_, record, [port]) => setCheckPort(record, port),
  agent: () => fail(`${NO_AGENT}.\n`),
  'agent-addr': (_, __, [address]) =>
    fail(
      address === undefined
        ? 'set server <b>/<s> agent-addr requires an address and optionally a port.\n'
        : `${NO_AGENT}\n`,
    ),
  'agent-port': (_, __, [port]) =>
    fail(port === undefined ? 'set server <b>/<s> agent-port requires a port.\n' : `${NO_AGENT}\n`),
  'agent-send': () => fail(`${NO_AGENT}.\n`),
  fqdn: setFqdn,
  name: setName,
  ssl: () => fail("'set server <srv> ssl' cannot be set.  default-server should define ssl settings\n"),
};

function setServer(control: Control, record: ServerRecord, args: readonly string[]): Answer {
  const setter = Object.hasOwn(SETTERS, args[0] ?? '') ? SETTERS[args[0] as string] : undefined;
  return setter === undefined ? fail(SET_USAGE) : setter(control, record, args.slice(1));
}

const MAXCONN_MAX = 0x7fff_ffff;

function setMaxconn(control: Control, record: ServerRecord, [text]: readonly string[]): Answer {
  if (text === undefined) return fail('Require <maxconn>.\n');
  const match = /^\s*([+-]?\d+)(.*)$/.exec(text);
  if (match === null) return fail('maxconn string empty or preceded by garbage\n');
  if (match[2] !== '') return fail('Trailing garbage in maxconn string\n');
  const maxconn = Math.min(Math.max(0, Number(match[1])), MAXCONN_MAX);
  const { live, states, changed } = control.source;
  const at = live.server(record.server.index);
  const isStatic = live.words[at + abi.LIVE_SV_MAXCONN] === live.words[at + abi.LIVE_SV_MINCONN];
  Atomics.store(live.words, at + abi.LIVE_SV_MAXCONN, maxconn);
  if (isStatic) Atomics.store(live.words, at + abi.LIVE_SV_MINCONN, maxconn);
  changed.serverMaxconns.set(record.server.index, maxconn);
  states.change(record, () => {});
  return '';
}

function setChecks(isOn: boolean): Setter {
  return (_, record) => {
    if (!record.server.check.enabled) {
      return isOn ? fail('Health check was not configured on this server, cannot enable.\n') : '';
    }
    record.checksEnabled = isOn;
    return '';
  };
}

function setAdminState(state: 'ready' | 'maint'): Setter {
  return (control, record) => {
    setAdmin(control.source.states, record, state);
    return '';
  };
}

const USE_SET_SERVER = "(use 'set server' instead)";

export const serverCommands: readonly Command[] = [
  command(
    'set server',
    '<bk>/<srv> [opts]',
    "change a server's state, weight, address, name or ssl",
    'admin',
    onServer(setServer),
  ),
  command(
    'enable server',
    ' (DEPRECATED)',
    `enable a disabled server ${USE_SET_SERVER}`,
    'admin',
    onServer(setAdminState('ready')),
  ),
  command(
    'disable server',
    '(DEPRECATED)',
    `disable a server for maintenance ${USE_SET_SERVER}`,
    'admin',
    onServer(setAdminState('maint')),
  ),
  command(
    'set weight',
    '<bk>/<srv>  (DEPRECATED)',
    `change a server's weight ${USE_SET_SERVER}`,
    'admin',
    onServer((control, record, [text]) => applyWeight(control, record, text)),
  ),
  command(
    'get weight',
    '<bk>/<srv>',
    "report a server's current weight",
    'user',
    onServer((_, record) => say(`${record.weight} (initial ${record.server.weight})\n`)),
  ),
  command(
    'set maxconn server',
    '<bk>/<srv>',
    "change a server's maxconn setting",
    'admin',
    onServer(setMaxconn),
  ),
  command('enable health', '', 'enable health checks', 'admin', onServer(setChecks(true))),
  command('disable health', '', 'disable health checks', 'admin', onServer(setChecks(false))),
  command(
    'enable agent',
    '',
    'enable agent checks',
    'admin',
    onServer(() => fail('Agent was not configured on this server, cannot enable.\n')),
  ),
  command(
    'disable agent',
    '',
    'disable agent checks',
    'admin',
    onServer(() => ''),
  ),
];
