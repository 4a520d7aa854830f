/** From a command line to what can be started: reads the configuration, says what is to be said about it. The same for a process of its
 * own and for a worker; nothing here ends the process.
 */
import type { CommandLine } from '../config/command-line.ts';
import { watchedLoader } from '../config/load.ts';
import { readConfiguration, reasonOf } from '../config/read.ts';
import { preamble, type RenderOptions, renderMessages, renderNote } from '../config/render.ts';
import { SLUICE_VERSION } from '../config/version.ts';
import { type Parsed, parseConfiguration, type Sources } from '../section/configuration.ts';
import { makeSources } from '../section/sources.ts';
import type { Speaker } from './say.ts';

function renderOptions(line: CommandLine): RenderOptions {
  return {
    pid: process.pid,
    diagnostics: line.isDiagnostic,
    version: SLUICE_VERSION,
    executable: process.argv[1] ?? '',
  };
}

/** Says <reasons>, each on a line of its own. */
export function sayFailure(line: CommandLine, reasons: readonly string[], speaker: Speaker): void {
  if (line.isQuiet) return;
  const notes = reasons.map((reason) => renderNote('alert', reason, process.pid)).join('');
  speaker.show(preamble(renderOptions(line)) + notes);
}

/** Says what is wrong with the configuration; true when it may run. */
export function report(line: CommandLine, parsed: Parsed, speaker: Speaker): boolean {
  const { messages, configuration } = parsed;
  const isSilent = line.isQuiet && !line.isVerbose;
  if (!isSilent) speaker.show(renderMessages(messages, renderOptions(line)));
  if (messages.some((message) => message.severity === 'alert')) return false;
  const areFatal = line.areWarningsFatal || configuration.global.settings.has('zero-warning');
  if (hasWarnings(parsed) && areFatal) {
    const text = "Some warnings were found and 'zero-warning' is set. Aborting.";
    if (!isSilent) speaker.show(renderNote('alert', text, process.pid));
    return false;
  }
  return true;
}

export function hasWarnings({ messages }: Parsed): boolean {
  return messages.some((message) => message.severity === 'warning');
}

/** The bytes of all files, after the change of directory that the command line asks for. */
export function readSources(
  line: CommandLine,
  environment: NodeJS.ProcessEnv,
  speaker: Speaker,
): Sources | undefined {
  if (line.directory !== '') {
    try {
      process.chdir(line.directory);
    } catch (error) {
      sayFailure(line, [`Could not change to directory ${line.directory} : ${reasonOf(error)}`], speaker);
      return undefined;
    }
  }
  const { files, errors, seen } = readConfiguration(line.files);
  if (errors.length > 0) {
    const reasons = errors.map((error) => `config : ${error}`);
    sayFailure(line, reasons, speaker);
    return undefined;
  }
  return makeSources(files, line, environment, seen);
}

export function parseSources(sources: Sources): Parsed {
  return parseConfiguration(sources, watchedLoader(sources.seen));
}

/** A process that nobody can reach is a mistake. */
export function hasListener({ configuration }: Parsed): boolean {
  return configuration.listeners.length > 0 || configuration.global.statsSockets.length > 0;
}

export const NO_LISTENER = "No enabled listener found (check for 'bind' directives) ! Exiting.";
