/** How a process ended, in HAProxy's words: `139 (Segmentation fault)`, `0 (Exit)`. */
import { constants } from 'node:os';

const TEXTS: Readonly<Record<string, string>> = {
  SIGHUP: 'Hangup',
  SIGINT: 'Interrupt',
  SIGQUIT: 'Quit',
  SIGILL: 'Illegal instruction',
  SIGTRAP: 'Trace/breakpoint trap',
  SIGABRT: 'Aborted',
  SIGBUS: 'Bus error',
  SIGFPE: 'Floating point exception',
  SIGKILL: 'Killed',
  SIGUSR1: 'User defined signal 1',
  SIGSEGV: 'Segmentation fault',
  SIGUSR2: 'User defined signal 2',
  SIGPIPE: 'Broken pipe',
  SIGALRM: 'Alarm clock',
  SIGTERM: 'Terminated',
  SIGXCPU: 'CPU time limit exceeded',
  SIGXFSZ: 'File size limit exceeded',
  SIGSYS: 'Bad system call',
};

/** The signal's name of a status, or ''. */
export function signalOf(status: number): string {
  const wanted = status - 128;
  return (
    Object.entries(constants.signals).find(([name, number]) => number === wanted && name in TEXTS)?.[0] ?? ''
  );
}

export function endText(status: number): string {
  const name = status > 128 ? signalOf(status) : '';
  const text = status <= 128 ? 'Exit' : (TEXTS[name] ?? `Signal ${status - 128}`);
  return `${status} (${text})`;
}
