/** `-D` and `daemon`: the process in the background. It is started anew in a session of its own, since a running Node cannot fork; who
 * started the first one sees its messages and its success: the first one ends with 0 once the second serves, else with 1.
 */
import { spawn } from 'node:child_process';
import { closeSync, readdirSync, readlinkSync, writeSync } from 'node:fs';
import type { CommandLine } from '../config/command-line.ts';
import type { Addon } from '../native/addon.ts';

/** Which descriptor of the second process the first one listens at; set for it alone, gone once read. Also known to
 * bin/early-threads.cjs. */
export const DAEMON_VARIABLE = 'SLUICE_DAEMON_FD';

const READY = 'READY\n';

/** The command line wins over the configuration, and its `-D` over its `-d` and `-db`. */
export function isDaemonWanted(line: CommandLine, isConfigured: boolean): boolean {
  return line.isDaemon || (isConfigured && !line.isForeground && !line.isDebug);
}

/** Takes the note of the first process out of the environment: the descriptor, or -1 when this is not the second. */
export function takeDaemonNote(environment: NodeJS.ProcessEnv): number {
  const text = environment[DAEMON_VARIABLE];
  delete environment[DAEMON_VARIABLE];
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : -1;
}

/** Leaves the note to another program of this process. */
export function returnDaemonNote(environment: NodeJS.ProcessEnv, note: number): void {
  if (note >= 0) environment[DAEMON_VARIABLE] = `${note}`;
}

/** Descriptors that we inherited and the configuration may name: sockets and files; what Node itself opens is neither. */
function inheritedDescriptors(): number[] {
  const isOurs = (fd: number): boolean => {
    try {
      return /^(socket:|\/)/.test(readlinkSync(`/proc/self/fd/${fd}`));
    } catch {
      return false;
    }
  };
  const all = readdirSync('/proc/self/fd').map(Number);
  return all.filter((fd) => fd > 2 && isOurs(fd));
}

/** Starts this program again in <directory>, and ends when it serves or has failed. */
export function detach(directory: string): void {
  const stdio: ('ignore' | 'inherit' | 'pipe' | number)[] = ['ignore', 'inherit', 'inherit'];
  for (const fd of inheritedDescriptors()) {
    while (stdio.length < fd) stdio.push('ignore');
    stdio[fd] = fd;
  }
  let note = stdio.indexOf('ignore', 3);
  if (note < 0) note = stdio.length;
  stdio[note] = 'pipe';
  const environment: NodeJS.ProcessEnv = { ...process.env, [DAEMON_VARIABLE]: `${note}` };
  // More certificates to read cost a start 30 ms.
  delete environment['NODE_EXTRA_CA_CERTS'];
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    cwd: directory,
    detached: true,
    env: environment,
    stdio,
  });
  const pass = (signal: NodeJS.Signals) => child.kill(signal);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, pass);
  child.on('error', (error) => {
    process.stderr.write(`sluice: cannot start the background process: ${error.message}\n`);
    process.exit(1);
  });
  child.on('exit', (code) => process.exit(code === 0 || code === null ? 1 : code));
  child.stdio[note]?.on('data', (bytes) => {
    if (String(bytes) === READY) process.exit(0);
  });
}

/** The second process serves: the first one may end, and what is said from now on goes to logs alone. */
export function tellDaemonServes(addon: Addon, note: number): void {
  if (note < 0) return;
  try {
    writeSync(note, READY);
    closeSync(note);
  } catch {
    // Whoever waited for it is gone; that is no reason not to serve.
  }
  addon.silenceStreams();
}
