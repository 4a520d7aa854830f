/** Signals of a process that serves (management guide, section 4): USR1 stops softly; INT and TERM end at once, the process dying
 * of the signal as HAProxy's does, so that whoever started it sees why; HUP and QUIT say how it goes; PIPE never ends it; TTOU lets go of
 * the ports, TTIN takes them back.
 */
import type { Running } from './running.ts';

function dieOf(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

/** <before>: what a process does, within a bound, before it dies of a signal. */
export function onSignals(running: Running, before?: () => Promise<void>): void {
  process.on('SIGUSR1', () => running.softStop());
  let isTold = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (before === undefined) dieOf(signal);
      // Who signals a whole group makes it come twice.
      else if (!isTold) void before().finally(() => dieOf(signal));
      isTold = true;
    });
  }
  process.on('SIGHUP', () => running.dumpStates());
  process.on('SIGQUIT', () => running.dumpMemory());
  process.on('SIGPIPE', () => {});
  process.on('SIGTTOU', () => running.pause());
  process.on('SIGTTIN', () => running.resume());
}
