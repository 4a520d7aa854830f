/** `cpu-map`: the processors that a thread of the data plane runs on. Called by that thread. */
import { errnoText } from '../check/errno-text.ts';
import type { GlobalSettings } from '../model/configuration.ts';
import type { Addon } from '../native/addon.ts';

/** <thread> counts from 0. Processors that are not there count for nothing, as long as one is. */
export function chooseProcessors(addon: Addon, { cpuMap }: GlobalSettings, thread: number): void {
  const processors = cpuMap[thread];
  if (processors === undefined || processors.length === 0) return;
  const result = addon.setAffinity(processors);
  if (result < 0) {
    const text = `cpu-map : thread ${thread + 1} cannot run on processors ${processors.join(',')}`;
    throw new Error(`${text} (${errnoText(-result)})`);
  }
}
