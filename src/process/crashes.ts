/** What is prepared for the process's own death: main sets up the fatal signals once (native/crash), each thread with an engine
 * gets a stack for them, and an exception that nobody caught leaves the same report as a signal.
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

/** A death that JavaScript knows of; <text> begins with the error. */
export function reportDeath(addon: Addon, text: string): void {
  const isHeap = text.includes('ERR_WORKER_OUT_OF_MEMORY');
  addon.crashReport(isHeap ? RECORD_CAUSE_HEAP : RECORD_CAUSE_EXCEPTION, text);
}

/** In this thread: a stack for signals, and a report before an exception ends it. */
export function expectCrashesHere(addon: Addon): void {
  addon.crashThread();
  process.on('uncaughtExceptionMonitor', (error: unknown) => {
    reportDeath(addon, error instanceof Error ? (error.stack ?? String(error)) : String(error));
  });
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
