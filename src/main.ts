/** The command: reads the command line and the configuration, says what is to be said, then starts the process. */
import { writeSync } from 'node:fs';
import type { Worker } from 'node:worker_threads';
import { USAGE } from './config/banner.ts';
import { type CommandLine, parseCommandLine } from './config/command-line.ts';
import { diskLoader } from './config/load.ts';
import { readConfiguration, reasonOf } from './config/read.ts';
import { preamble, type RenderOptions, renderMessages, renderNote } from './config/render.ts';
import { SLUICE_VERSION } from './config/version.ts';
import { early } from './early.ts';
import { dumpKeywords } from './keywords.ts';
import { DataThreads } from './process/data-threads.ts';
import { startProcess } from './process/start.ts';
import { type Parsed, parseConfiguration, type Sources } from './section/configuration.ts';
import { makeSources } from './section/sources.ts';

/** Texts are latin1: one character, one byte of what was read. */
function print(descriptor: 1 | 2, text: string): void {
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
}

function renderOptions(line: CommandLine): RenderOptions {
  return {
    pid: process.pid,
    diagnostics: line.isDiagnostic,
    version: SLUICE_VERSION,
    executable: process.argv[1] ?? '',
  };
}

/** Ends with <reasons>, each on a line of its own. */
function fail(line: CommandLine, reasons: readonly string[]): void {
  if (!line.isQuiet) {
    const notes = reasons.map((reason) => renderNote('alert', reason, process.pid)).join('');
    print(2, preamble(renderOptions(line)) + notes);
  }
  process.exitCode = 1;
}

/** A notice for each option that does nothing yet. */
function optionNotes(line: CommandLine): string {
  const say = (option: string) =>
    renderNote(
      'notice',
      `option '${option}' is known to HAProxy but not built yet in Sluice; ignored.`,
      process.pid,
    );
  return line.notBuilt.map(say).join('');
}

/** True when the configuration may run. */
function report(line: CommandLine, parsed: Parsed): boolean {
  const { messages, configuration } = parsed;
  const isSilent = line.isQuiet && !line.isVerbose;
  if (!isSilent) print(2, optionNotes(line) + renderMessages(messages, renderOptions(line)));
  if (messages.some((message) => message.severity === 'alert')) return false;
  const hasWarnings = messages.some((message) => message.severity === 'warning');
  const areFatal = line.areWarningsFatal || configuration.global.settings.has('zero-warning');
  if (hasWarnings && areFatal) {
    const text = "Some warnings were found and 'zero-warning' is set. Aborting.";
    if (!isSilent) print(2, renderNote('alert', text, process.pid));
    return false;
  }
  if (line.isCheck && line.isVerbose) {
    print(1, `${hasWarnings ? 'Warnings were found.\n' : ''}Configuration file is valid\n`);
  }
  return true;
}

function readSources(line: CommandLine): Sources | undefined {
  if (line.directory !== '') {
    try {
      process.chdir(line.directory);
    } catch (error) {
      fail(line, [`Could not change to directory ${line.directory} : ${reasonOf(error)}`]);
      return undefined;
    }
  }
  const { files, errors } = readConfiguration(line.files);
  if (errors.length > 0) {
    fail(
      line,
      errors.map((error) => `config : ${error}`),
    );
    return undefined;
  }
  return makeSources(files, line, process.env);
}

/** <threads> are data threads that boot already; they do not keep the process alive. */
export function main(argv: readonly string[], threads: Worker[] = []): void {
  if (early(argv)) return;
  const line = parseCommandLine(argv);
  if ('error' in line) {
    print(2, `sluice: ${line.error}\n${line.isUsageDue ? USAGE : ''}`);
    process.exitCode = 1;
    return;
  }
  if (line.dumps.length > 0) print(1, dumpKeywords(line.dumps));
  if (line.files.length === 0 && line.dumps.length > 0) return;
  if (line.files.length === 0) {
    print(2, USAGE);
    process.exitCode = 1;
    return;
  }
  const sources = readSources(line);
  if (sources === undefined) return;
  const parsed = parseConfiguration(sources, diskLoader);
  if (!report(line, parsed)) {
    process.exitCode = 1;
    return;
  }
  if (line.isCheck) return;
  const { configuration, environment } = parsed;
  if (configuration.listeners.length === 0 && configuration.global.statsSockets.length === 0) {
    fail(line, ["No enabled listener found (check for 'bind' directives) ! Exiting."]);
    return;
  }
  void startProcess({
    configuration,
    sources,
    options: line,
    environment,
    dataThreads: new DataThreads(threads),
  });
}
