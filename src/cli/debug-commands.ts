/** `expert-mode` and what it opens: commands that end the process, for those who test what happens then (management guide, section 9.3).
 */
import { type Answer, type ClientState, type Command, type Control, command } from './command.ts';

function expertMode(_: Control, [word]: readonly string[], client: ClientState): Answer {
  if (word === 'on' || word === 'off') {
    client.isExpert = word === 'on';
    return '';
  }
  if (word !== undefined) return "expert-mode: expects 'on' or 'off'.\n";
  return `expert-mode is ${client.isExpert ? 'ON' : 'OFF'}\n`;
}

/** Refused to whoever did not ask for it. */
function expert(run: Command['run']): Command['run'] {
  return (control, args, client) =>
    client.isExpert ? run(control, args, client) : 'This command is restricted to expert mode only.\n';
}

export const debugCommands: readonly Command[] = [
  command('expert-mode', '[on|off]', 'enable or disable expert mode', 'admin', expertMode),
  command(
    'debug dev exit',
    '[code]',
    'immediately exit the process',
    'admin',
    expert((control, [code]) => {
      control.exit(/^\d{1,3}$/.test(code ?? '') ? Number(code) : 0);
      return '';
    }),
  ),
  command(
    'debug dev panic',
    '',
    'immediately trigger a panic in a data thread',
    'admin',
    expert((control) => {
      control.panic();
      return '';
    }),
  ),
];
