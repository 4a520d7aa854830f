/** One thread's data plane: the plane of src/stream over an engine, with the log room behind it. Main uses it when `nbthread` is 1,
 * each data thread otherwise. All it owns lives and dies with its thread.
 */
import type { Engine } from '../model/boundary.ts';
import type { Configuration } from '../model/configuration.ts';
import { type OtherEvents, onBatch } from '../stream/batch.ts';
import { Plane, type SharedMemory } from '../stream/plane.ts';
import { createPlaneLogs } from './plane-logs.ts';

export interface DataPlane {
  readonly plane: Plane;
  /** Takes one batch of events; the commands are in the engine when it returns. */
  onBatch(events: Uint32Array, count: number): void;
  /** Who gets answers to probes and messages of other threads. */
  listen(other: Partial<OtherEvents>): void;
}

function ignore(): void {}

export function createDataPlane(
  configuration: Configuration,
  engine: Engine,
  shared: SharedMemory,
): DataPlane {
  const plane = new Plane(configuration, engine, shared, createPlaneLogs(configuration));
  engine.live = plane.live;
  const other: OtherEvents = { onProbe: ignore, onControl: ignore };
  return {
    plane,
    onBatch: (events, count) => onBatch(plane, other, events, count),
    listen: (wanted) => Object.assign(other, wanted),
  };
}
