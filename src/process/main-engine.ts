/** The engine of the main thread: checks run on it, and with one thread the whole data plane. Answers to probes go to whoever asked
 * (`onProbe`), one asker for the process: the checks.
 */
import type { Configuration } from '../model/configuration.ts';
import * as abi from '../native/abi.ts';
import type { Addon } from '../native/addon.ts';
import { NativeEngine } from '../native/engine.ts';
import type { Plane, SharedMemory } from '../stream/plane.ts';
import { createDataPlane } from './data-plane.ts';
import { chooseProcessors } from './processors.ts';

export type ProbeListener = (words: Uint32Array, at: number) => void;

export interface MainEngine {
  readonly engine: NativeEngine;
  /** It accepts connections: there are no data threads. */
  readonly isDataPlane: boolean;
  onProbe(listener: ProbeListener): void;
  /** Of the data plane, when it runs here. */
  readonly plane: Plane | undefined;
}

/** An engine without a data plane: only probes are of interest. */
function dispatchProbes(words: Uint32Array, count: number, listener: ProbeListener): void {
  let at = 0;
  for (let event = 0; event < count; event++) {
    if (words[at] === abi.EV_PROBE) listener(words, at);
    at += words[at] === abi.EV_END ? abi.EVENT_END_WORDS : abi.EVENT_WORDS;
  }
}

export function startMainEngine(
  addon: Addon,
  configuration: Configuration,
  shared: SharedMemory,
): MainEngine {
  const isDataPlane = shared.threads === 1;
  if (isDataPlane) chooseProcessors(addon, configuration.global, 0);
  // Data threads have the indexes from 0; main's own comes after theirs.
  const engine = new NativeEngine(addon, isDataPlane ? 0 : shared.threads);
  let listener: ProbeListener = () => {};
  let plane: Plane | undefined;
  const onProbe = (words: Uint32Array, at: number) => listener(words, at);
  if (isDataPlane) {
    const dataPlane = createDataPlane(configuration, engine, shared);
    plane = dataPlane.plane;
    dataPlane.listen({ onProbe });
    engine.start(dataPlane.onBatch);
  } else {
    engine.start((words, count) => dispatchProbes(words, count, onProbe));
  }
  return {
    engine,
    isDataPlane,
    plane,
    onProbe(wanted) {
      listener = wanted;
    },
  };
}
