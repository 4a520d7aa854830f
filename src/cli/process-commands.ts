/** Commands about the process and about the connection itself. */
import * as abi from '../native/abi.ts';
import { type Command, type Control, command, type Level } from './command.ts';

function showEnvironment(control: Control, [name]: readonly string[]): string {
  const all = control.environment();
  if (name === undefined) return all.map(([key, value]) => `${key}=${value}\n`).join('');
  const found = all.find(([key]) => key === name);
  return found === undefined ? 'Variable not found\n' : `${found[1]}\n`;
}

function setGlobalMaxconn(control: Control, [text]: readonly string[]): string {
  if (text === undefined) return 'Expects an integer value.\n';
  if (!/^\d{1,9}$/.test(text)) return 'Expects an integer value.\n';
  return control.setMaxconn(Number(text)) ? '' : 'Value out of range.\n';
}

function setFrontendMaxconn(control: Control, [name, text]: readonly string[]): string {
  const { configuration, live } = control.source;
  const frontend = configuration.proxies.find((proxy) => proxy.isFrontend && proxy.name === name);
  if (name === undefined) return 'A frontend name is expected.\n';
  if (frontend === undefined) return 'No such frontend.\n';
  if (text === undefined || !/^\d{1,9}$/.test(text)) return 'Integer value expected.\n';
  Atomics.store(live.words, live.proxy(frontend.index) + abi.LIVE_PX_FE_MAXCONN, Number(text));
  return '';
}

/** `set timeout cli <seconds>`. */
function setTimeoutCli(text: string | undefined): number | undefined {
  const match = /^(\d{1,6})(ms|s|m|h)?$/.exec(text ?? '');
  if (match === null) return undefined;
  const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
  return Number(match[1]) * (units[match[2] ?? 's'] as number);
}

/** `user`, `operator`: a client may only give rights away. */
function lower(level: Level): Command {
  return command(
    level,
    '',
    `lower the level of the current CLI session to ${level}`,
    level,
    (_, __, client) => {
      client.level = level;
      return '';
    },
  );
}

export const processCommands: readonly Command[] = [
  command(
    'show version',
    '',
    'show version of the current process',
    'user',
    (control) => `${control.version}\n`,
  ),
  command(
    'show env',
    '[var]',
    'dump environment variables known to the process',
    'operator',
    showEnvironment,
  ),
  command('show startup-logs', '', 'report logs emitted during the start', 'user', (control) => {
    const text = control.startupLog();
    return text === '' ? '\n' : text;
  }),
  command('show cli level', '', 'display the level of the current CLI session', 'user', (_, __, client) => {
    return `${client.level}\n`;
  }),
  command('show cli sockets', '', 'dump list of cli sockets', 'operator', (control) => {
    const lines = control.sockets.map(({ source, level }) => `${source} ${level} all\n`);
    return `# socket lvl processes\n${lines.join('')}`;
  }),
  command('set maxconn global', '<n>', 'change the per-process maxconn', 'admin', setGlobalMaxconn),
  command(
    'set maxconn frontend',
    '<name> <n>',
    "change a frontend's maxconn",
    'operator',
    setFrontendMaxconn,
  ),
  command('set timeout cli', '<delay>', 'change the CLI timeout', 'user', (_, [text], client) => {
    const ms = setTimeoutCli(text);
    if (ms === undefined) return 'Invalid timeout value.\n';
    client.timeoutMs = ms;
    return '';
  }),
  command('echo', '<text>', 'print text to the output', 'user', (_, args) => `${args.join(' ')}\n`),
  lower('user'),
  lower('operator'),
];
