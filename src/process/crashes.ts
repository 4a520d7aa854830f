/** What is prepared for the process's own death: main sets up the fatal signals once (native/crash), each thread with an engine
 * gets a stack for them, and an exception that nobody caught leaves the same report as a signal; with a master it ends like one, too.
 */

import { errnoText } from '../check/errno-text.ts';
import { SLUICE_VERSION } from '../config/version.ts';
import type { Configuration } from '../model/configuration.ts';
import type { Addon } from '../native/addon.ts';
import { RECORD_CAUSE_EXCEPTION, RECORD_CAUSE_HEAP } from '../native/record-layout.ts';
import type { AtCrash } from './host.ts';
import type { Speaker } from './say.ts';

/** What a thread may do without coming back to its loop. */
const STUCK_MS = 10_000;

function hasInspector(): boolean {
  return [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].some((word) => word.includes('--inspect'));
}

function causeOf(text: string): number {
  return text.includes('ERR_WORKER_OUT_OF_MEMORY') ? RECORD_CAUSE_HEAP : RECORD_CAUSE_EXCEPTION;
}

/** What was thrown need not be an error, nor have a text. */
function textOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? (thrown.stack ?? String(thrown)) : String(thrown);
  } catch {
    return 'thrown: something without a text';
  }
}

/** A death that JavaScript knows of, and that the caller brings to its end; <text> begins with the error. */
export function reportDeath(addon: Addon, text: string): void {
  addon.crashReport(causeOf(text), text);
}

/** The same; with a master the process ends here, and its idle clients have a successor. */
export function endByDeath(addon: Addon, text: string): void {
  addon.crashEnd(causeOf(text), text);
}

/** In this thread: a stack for signals, and what an exception that nobody catches brings about. */
export function expectCrashesHere(addon: Addon): void {
  addon.crashThread();
  process.on('uncaughtExceptionMonitor', (thrown: unknown) => endByDeath(addon, textOf(thrown)));
}

/** In main, when the recorder is made and before anybody is served. */
export function expectCrashes(
  addon: Addon,
  configuration: Configuration,
  files: readonly string[],
  atCrash: AtCrash,
  speaker: Speaker,
): void {
  const reportDir = configuration.global.settings.get('crash-dir')?.[0] ?? '.';
  const runtimeVersion = process.version;
  const config = files.join(' ');
  const settings = { ...atCrash, reportDir, version: SLUICE_VERSION, runtimeVersion, config };
  const result = addon.crashSetup(settings);
  if (result < 0)
    speaker.warning(`Reports of crashes cannot be written to ${reportDir}: ${errnoText(-result)}.`);
  const limitMs = Number(configuration.global.settings.get('stuck-thread-after')?.[0] ?? STUCK_MS);
  // Who stands at a breakpoint is not stuck.
  if (limitMs > 0 && !hasInspector()) addon.watchdogStart(limitMs);
  expectCrashesHere(addon);
}
