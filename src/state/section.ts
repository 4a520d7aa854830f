/** What a section of the state is made of: how it is written, how it is read, and what it may touch. */
import type { Proxy } from '../model/proxy.ts';
import type { Server, ServerAddress } from '../model/server.ts';
import type { StatsSource } from '../stats/source.ts';

/** How a section changes more than memory. */
export interface StateDoor {
  moveServer(server: Server, address: ServerAddress): void;
  changeFrontend(proxy: Proxy, request: 'pause' | 'stop'): void;
  /** False: more than descriptors allow. */
  setMaxconn(maxconn: number): boolean;
}

export interface StateSection {
  readonly name: string;
  readonly version: number;
  write(source: StatsSource): Iterable<readonly [key: string, value: unknown]>;
  /** False: there is no such object any more, or the value makes no sense. */
  read(source: StatsSource, door: StateDoor, key: string, value: unknown): boolean;
}
