/** The program of a master: its own bundle, because it lives long and needs little. */
import { resolve } from 'node:path';
import { type CommandLine, parseCommandLine } from './config/command-line.ts';
import { readConfiguration } from './config/read.ts';
import { detach, takeDaemonNote } from './process/daemon.ts';
import { runMaster } from './process/master/run-master.ts';

/** What the configuration says by its text alone: a master knows no language. Conditions around the word are not judged. */
function isDaemonConfigured(line: CommandLine): boolean {
  if (line.isForeground || line.isDebug) return false;
  const { files } = readConfiguration(line.files.map((file) => resolve(line.directory, file)));
  return files.some(({ text }) => /^[ \t]*daemon[ \t]*(#.*)?$/m.test(text));
}

/** <argv> has been found to make sense. */
export function master(argv: readonly string[]): void {
  const line = parseCommandLine(argv);
  if ('error' in line) {
    process.stderr.write(`sluice: ${line.error}\n`);
    process.exitCode = 1;
    return;
  }
  const note = takeDaemonNote(process.env);
  // Under a supervisor that is told of readiness, the process it started is the one to stay.
  const isNew = process.env.SLUICE_MASTER_STATE === undefined;
  const mayDetach = isNew && !line.isNotifying && note < 0;
  if (mayDetach && (line.isDaemon || isDaemonConfigured(line))) detach(process.cwd());
  else runMaster(line, argv, note);
}
