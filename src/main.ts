/** The command: reads the command line and the configuration, says what is to be said, then starts the process. */
import { writeSync } from 'node:fs';
import type { Worker } from 'node:worker_threads';
import { USAGE } from './config/banner.ts';
import { type CommandLine, parseCommandLine } from './config/command-line.ts';
import { early } from './early.ts';
import { dumpKeywords } from './keywords.ts';
import { detach, isDaemonWanted, returnDaemonNote, takeDaemonNote } from './process/daemon.ts';
import { DataThreads } from './process/data-threads.ts';
import {
  hasListener,
  hasWarnings,
  NO_LISTENER,
  parseSources,
  readSources,
  report,
  sayFailure,
} from './process/launch.ts';
import { Speaker } from './process/say.ts';
import { Standalone } from './process/standalone.ts';
import { startProcess } from './process/start.ts';
import { runWorker } from './process/worker/worker.ts';

/** Texts are latin1: one character, one byte of what was read. */
function print(descriptor: 1 | 2, text: string): void {
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
}

/** What the configuration wants that the command line did not say. */
export type Outcome = 'done' | 'master';

/** <threads> are data threads that boot already; they do not keep the process alive. */
export function main(argv: readonly string[], threads: Worker[] = []): Outcome {
  if (early(argv)) return 'done';
  const line = parseCommandLine(argv);
  if ('error' in line) {
    print(2, `sluice: ${line.error}\n${line.isUsageDue ? USAGE : ''}`);
    process.exitCode = 1;
    return 'done';
  }
  if (line.dumps.length > 0) print(1, dumpKeywords(line.dumps));
  if (line.files.length === 0 && line.dumps.length > 0) return 'done';
  if (line.files.length === 0) {
    print(2, USAGE);
    process.exitCode = 1;
    return 'done';
  }
  return run(line, threads);
}

/** Leaves the work to a second process in the background. */
function leave(directory: string, threads: readonly Worker[]): Outcome {
  for (const thread of threads) void thread.terminate();
  detach(directory);
  return 'done';
}

function run(line: CommandLine, threads: Worker[]): Outcome {
  const directory = process.cwd();
  const daemonNote = takeDaemonNote(process.env);
  const mayDetach = daemonNote < 0 && !line.isCheck;
  if (mayDetach && line.isDaemon) return leave(directory, threads);
  const speaker = new Speaker();
  speaker.begin(line.isQuiet && !line.isVerbose);
  const sources = readSources(line, process.env, speaker);
  const dataThreads = new DataThreads(threads);
  if (sources !== undefined) dataThreads.read(sources);
  const parsed = sources === undefined ? undefined : parseSources(sources);
  const isGood = parsed?.messages.every((message) => message.severity !== 'alert') === true;
  // The worker will read the configuration again, and say what there is to say.
  if (isGood && !line.isCheck && parsed.configuration.global.settings.has('master-worker')) {
    for (const thread of threads) void thread.terminate();
    returnDaemonNote(process.env, daemonNote);
    return 'master';
  }
  // What is to be said about the configuration, the second process says.
  if (isGood && mayDetach && isDaemonWanted(line, parsed.configuration.global.isDaemon))
    return leave(directory, threads);
  if (sources === undefined || parsed === undefined || !report(line, parsed, speaker)) {
    process.exitCode = 1;
    return 'done';
  }
  if (line.isCheck) {
    if (line.isVerbose)
      print(1, `${hasWarnings(parsed) ? 'Warnings were found.\n' : ''}Configuration file is valid\n`);
    return 'done';
  }
  if (!hasListener(parsed)) {
    sayFailure(line, [NO_LISTENER], speaker);
    process.exitCode = 1;
    return 'done';
  }
  const { configuration, environment } = parsed;
  const host = new Standalone(line, speaker, daemonNote);
  void startProcess({ configuration, sources, options: line, environment, dataThreads, host, speaker });
  return 'done';
}

/** A worker of a master: the bundle's other program. */
export function work(argv: readonly string[], threads: Worker[] = []): void {
  runWorker(argv, threads);
}
