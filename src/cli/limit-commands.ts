/** `set maxconn global`, `set rate-limit`: limits of the process. */
import { type Answer, fail, leadingInteger } from './answer.ts';
import { type Command, type Control, command } from './command.ts';

function setGlobalMaxconn(control: Control, [text]: readonly string[]): Answer {
  if (text === undefined) return fail('Expects an integer value.\n');
  const maxconn = Math.max(0, leadingInteger(text));
  if (!control.setMaxconn(maxconn)) return fail('Value out of range.\n');
  control.source.changed.maxconn = maxconn;
  return '';
}

const RATE_LIMIT_USAGE =
  "'set rate-limit' only supports :\n" +
  "   - 'connections global' to set the per-process maximum connection rate\n" +
  "   - 'sessions global' to set the per-process maximum session rate\n" +
  "   - 'ssl-sessions global' to set the per-process maximum SSL session rate\n" +
  "   - 'http-compression global' to set the per-process maximum compression speed in kB/s\n";

/** Only the compression's is enforced; the others are not built, and a limit that is not held is refused. */
function setRateLimit(control: Control, [what, scope, text]: readonly string[]): Answer {
  const known = ['connections', 'sessions', 'ssl-sessions', 'http-compression'];
  if (what === undefined || scope !== 'global' || !known.includes(what)) return fail(RATE_LIMIT_USAGE);
  if (text === undefined) return fail('Expects an integer value.\n');
  const value = leadingInteger(text);
  if (value < 0) return fail('Value out of range.\n');
  const { configuration, changed } = control.source;
  if (what === 'http-compression') {
    changed.compressionRate ??= [configuration.global.maxCompressionRateKb];
    configuration.global.maxCompressionRateKb = value;
  } else if (value > 0) return fail(`The limit on ${what} is not implemented.\n`);
  return '';
}

export const limitCommands: readonly Command[] = [
  command(
    'set maxconn global',
    '<value>',
    'change the per-process maxconn setting',
    'admin',
    setGlobalMaxconn,
  ),
  command('set rate-limit', '<setting> <value>', 'change a rate limiting value', 'admin', setRateLimit),
];
