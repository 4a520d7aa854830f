/** `debug dev`: commands that end the process or bother it, for those who test what happens then (management guide, section 9.3). They
 * are there in expert mode only, and counted (`DebugCommandsIssued`).
 */
import { type Answer, leadingInteger } from './answer.ts';
import { type Command, type Control, expertCommand } from './command.ts';

/** `debug dev loop` holds its thread no longer than this. */
const LOOP_MAX_MS = 10_000;
const WRITE_MAX_BYTES = 1024 * 1024;

function exit(control: Control, [code]: readonly string[]): Answer {
  control.exit(/^\d{1,3}$/.test(code ?? '') ? Number(code) : 0);
  return '';
}

/** Holds the main thread: the control plane stands still, the data threads do not. */
function loop(ms: number): Answer {
  const end = performance.now() + Math.min(Math.max(0, ms), LOOP_MAX_MS);
  while (performance.now() < end);
  return '';
}

function delay(ms: number): Answer {
  return new Promise((resolve) => {
    setTimeout(() => resolve(''), Math.min(Math.max(0, ms), LOOP_MAX_MS));
  });
}

function* dots(bytes: number): Generator<string> {
  const line = '.'.repeat(79);
  for (let left = Math.min(Math.max(0, bytes), WRITE_MAX_BYTES); left > 0; left -= line.length) {
    yield `${line.slice(0, left)}\n`;
  }
}

export const debugCommands: readonly Command[] = [
  expertCommand('debug dev exit', '  [code]', 'immediately exit the process', exit),
  expertCommand('debug dev panic', '', 'immediately trigger a panic', (control) => {
    control.panic();
    return '';
  }),
  expertCommand('debug dev delay', ' [ms]', 'sleep this long', (_, [ms]) => delay(leadingInteger(ms))),
  expertCommand('debug dev loop', '  <ms> [isolated|warn]', 'loop this long, possibly isolated', (_, [ms]) =>
    loop(leadingInteger(ms)),
  ),
  expertCommand('debug dev log', '   [msg] ...', 'send this msg to global logs', (control, words) => {
    control.log(words.join(' '));
    return '';
  }),
  expertCommand('debug dev write', ' [size]', 'write that many bytes in return', (_, [size]) =>
    dots(leadingInteger(size)),
  ),
];
