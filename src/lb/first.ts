/** Hot path. `balance first`: the server with the lowest id that has a slot free, so that the others may be shut down. */
import type { Server } from '../model/server.ts';
import type { Stream } from '../model/stream.ts';
import type { Balancer, ServerGroup } from './server-group.ts';
import { byId } from './turn-order.ts';

export class First implements Balancer {
  readonly group: ServerGroup;
  readonly isDeterministic = false;
  private ordered: Server[] = [];

  constructor(group: ServerGroup) {
    this.group = group;
  }

  next(_stream: Stream, avoid: Server | undefined): Server | undefined {
    const group = this.group;
    if (group.refresh()) this.ordered = byId(group.servers);
    let fallback: Server | undefined;
    for (let i = 0; i < this.ordered.length; i++) {
      const server = this.ordered[i] as Server;
      if (!group.hasRoom(server)) continue;
      if (server !== avoid) return server;
      fallback = server;
    }
    return fallback;
  }
}
