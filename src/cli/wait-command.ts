/** `wait <delay> [srv-removable <backend>/<server>]`: a pause for scripts that send several commands on one connection.
 */
import { parseTime } from '../base/time.ts';
import type { ServerRecord } from '../check/server-state.ts';
import { type Answer, fail, type Message, type SettledAnswer, say } from './answer.ts';
import { type ClientState, type Command, type Control, command } from './command.ts';
import { findServer } from './find-server.ts';

const WAIT_HELP =
  'Usage: wait {-h|<duration>} [condition [args...]]\n' +
  "  - '-h' displays this help\n" +
  '  - <duration> is the maximum wait time, optionally suffixed by the unit among\n' +
  "    'us', 'ms', 's', 'm', 'h', and 'd'. ; the default unit is milliseconds.\n" +
  '  - <condition> indicates what to wait for, no longer than the specified\n' +
  '    duration. Supported conditions are:\n' +
  '    - <none> : by default, just sleep for the specified duration.\n' +
  '    - srv-removable <px>/<sv> : wait for this server to become removable.\n';

/** How often the condition is looked at. */
const LOOK_MS = 20;

type Condition = () => 'yes' | 'no' | Message;

/** A server that nothing uses: HAProxy would let it be deleted. */
function removable(control: Control, record: ServerRecord): Condition {
  return () => {
    if (record.admin !== 'maint') return fail('Failed. Only servers in maintenance mode can be deleted.\n');
    const { served, queued } = control.source.states.sessions(record.server);
    return served + queued === 0 ? 'yes' : 'no';
  };
}

function readCondition(control: Control, [what, name]: readonly string[]): Condition | Message {
  if (what === undefined) return () => 'no';
  if (what === '-h') return say(WAIT_HELP);
  if (what !== 'srv-removable') return fail(WAIT_HELP);
  if (name === undefined) return fail('Missing server name (<backend>/<server>).\n');
  if (!name.includes('/')) return fail("Require 'backend/server'.\n");
  const found = findServer(control, name);
  return 'error' in found ? fail(`Failed. ${found.error}`) : removable(control, found.record);
}

function waitFor(
  condition: Condition,
  ms: number,
  isPlain: boolean,
  client: ClientState,
): Promise<SettledAnswer> {
  const endMs = performance.now() + ms;
  return new Promise((resolve) => {
    const look = () => {
      const is = condition();
      const leftMs = endMs - performance.now();
      if (is === 'yes') resolve(say('Done.\n'));
      else if (is !== 'no') resolve(is);
      else if (leftMs <= 0) {
        resolve(isPlain ? say('Done.\n') : fail('Wait delay expired. Server still in use.\n'));
      } else if (client.isClosing) resolve(fail('Interrupted.\n'));
      else setTimeout(look, Math.max(1, Math.min(LOOK_MS, leftMs))).unref();
    };
    look();
  });
}

function wait(control: Control, args: readonly string[], client: ClientState): Answer {
  const [delay, ...rest] = args;
  if (delay === undefined) return fail('Expects a duration in milliseconds.\n');
  if (delay === '-h') return say(WAIT_HELP);
  const time = parseTime(delay);
  if ('error' in time || time.ms < 1) return fail('Invalid duration.\n');
  const condition = readCondition(control, rest);
  if (typeof condition !== 'function') return condition;
  return waitFor(condition, time.ms, rest.length === 0, client);
}

export const waitCommands: readonly Command[] = [
  command(
    'wait',
    '{-h|<delay_ms>} cond [args...]',
    'wait the specified delay or condition (-h to see list)',
    'admin',
    wait,
  ),
];
