/** Commands about the process. */
import { type Answer, fail, say } from './answer.ts';
import { type Command, type Control, command } from './command.ts';

function showEnvironment(control: Control, [name]: readonly string[]): Answer {
  const all = control.environment();
  if (name === undefined) return all.map(([key, value]) => `${key}=${value}\n`).join('');
  const found = all.find(([key]) => key === name);
  return found === undefined ? fail('Variable not found\n') : `${found[0]}=${found[1]}\n`;
}

function showSockets(control: Control): Answer {
  const lines = control.sockets.map(({ source, level }) => `${source} ${level} all\n`);
  return `# socket lvl processes\n${lines.join('')}`;
}

/** There are no stick tables yet: none can be found. */
function showTable(_: Control, [name]: readonly string[]): Answer {
  return name === undefined ? '' : fail('No such table\n');
}

export const processCommands: readonly Command[] = [
  command('show version', '', 'show version of the current process', 'user', (control) =>
    say(`${control.version}\n`),
  ),
  command(
    'show env',
    '[var]',
    'dump environment variables known to the process',
    'operator',
    showEnvironment,
  ),
  command('show startup-logs', '', 'report logs emitted during HAProxy startup', 'user', (control) => {
    const text = control.startupLog();
    return text === '' ? '\n' : text;
  }),
  command('show cli sockets', '', 'dump list of cli sockets', 'user', showSockets),
  command(
    'show table',
    '[<table> [<filter>]*]',
    "report table usage stats or dump this table's contents (filter: data/key)",
    'user',
    showTable,
  ),
];
