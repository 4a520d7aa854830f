/** The program of a master: its own bundle, because it lives long and needs little. */
import { parseCommandLine } from './config/command-line.ts';
import { detach, takeDaemonNote } from './process/daemon.ts';
import { runMaster } from './process/master/run-master.ts';

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
  if (isNew && line.isDaemon && !line.isNotifying && note < 0) detach(process.cwd());
  else runMaster(line, argv, note);
}
