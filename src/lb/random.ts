/** Hot path. `balance random[(draws)]`: draws servers at random by weight and takes the least loaded of them (two draws unless told). */
import type { Server } from '../model/server.ts';
import type { Stream } from '../model/stream.ts';
import * as abi from '../native/abi.ts';
import type { Balancer, ServerGroup } from './server-group.ts';

/** Draws for one request. */
export const RANDOM_DRAWS_MAX = 64;

export class Random implements Balancer {
  readonly group: ServerGroup;
  readonly isDeterministic = false;
  private readonly draws: number;

  constructor(group: ServerGroup, draws: number) {
    this.group = group;
    this.draws = Math.min(Math.max(draws, 1), RANDOM_DRAWS_MAX);
  }

  next(_stream: Stream, avoid: Server | undefined): Server | undefined {
    const group = this.group;
    group.refresh();
    if (group.isEmpty) return undefined;
    let best: Server | undefined;
    let bestLoad = 0;
    for (let draw = 0; draw < this.draws; draw++) {
      const index = this.drawOne();
      const server = group.servers[index] as Server;
      if (!group.hasRoom(server)) continue;
      const at = group.live.server(server.index);
      const load = (group.live.words[at + abi.LIVE_SV_SERVED] as number) / (group.weights[index] as number);
      if (best === undefined || best === avoid || (load < bestLoad && server !== avoid)) {
        best = server;
        bestLoad = load;
      }
    }
    if (best !== undefined && best !== avoid) return best;
    return this.anyWithRoom(avoid) ?? best;
  }

  private drawOne(): number {
    const { weights } = this.group;
    let left = Math.random() * this.group.totalWeight;
    for (let i = 0; i < weights.length; i++) {
      left -= weights[i] as number;
      if (left < 0) return i;
    }
    return weights.length - 1;
  }

  /** All draws met full servers, or the one that has just failed: any other. */
  private anyWithRoom(avoid: Server | undefined): Server | undefined {
    const { servers } = this.group;
    for (let i = 0; i < servers.length; i++) {
      const server = servers[i] as Server;
      if (server !== avoid && this.group.hasRoom(server)) return server;
    }
    return undefined;
  }
}
