/** `cpu-map`: the processors that a thread of the data plane runs on. */
import { readFileSync } from 'node:fs';
import type { GlobalSettings } from '../model/configuration.ts';
import type { Addon } from '../native/addon.ts';

/** For the thread that calls it, <thread> counts from 0. Processors that are not there count for nothing; when none is, it runs
 * anywhere, as with HAProxy. */
export function chooseProcessors(addon: Addon, { cpuMap }: GlobalSettings, thread: number): void {
  const processors = cpuMap[thread];
  if (processors !== undefined && processors.length > 0) addon.setAffinity(processors);
}

/** Processors that this process may use: `0-3,6` of the kernel, read. */
export function readProcessorList(text: string): Set<number> {
  const found = new Set<number>();
  for (const part of text.trim().split(',')) {
    const [first = 0, last = first] = part.split('-').map(Number);
    for (let cpu = first; cpu <= last; cpu++) found.add(cpu);
  }
  return found;
}

/** A sentence for each of <threads> that has none of the processors it is meant for. */
export function processorFaults({ cpuMap }: GlobalSettings, threads: number): string[] {
  if (cpuMap.length === 0) return [];
  const status = readFileSync('/proc/self/status', 'latin1');
  const allowed = readProcessorList(/^Cpus_allowed_list:\s*(.*)$/m.exec(status)?.[1] ?? '');
  const faults: string[] = [];
  for (const [thread, processors] of cpuMap.entries()) {
    if (thread >= threads || processors === undefined || processors.length === 0) continue;
    if (processors.some((cpu) => allowed.has(cpu))) continue;
    faults.push(
      `cpu-map : thread ${thread + 1} runs anywhere: none of the processors it is meant for is there.`,
    );
  }
  return faults;
}
