/** Hot path. The servers of one backend that may be given work now: what every balance algorithm chooses from. The control plane owns
 * the state (LIVE_SV_STATE, LIVE_SV_WEIGHT) and moves LIVE_PX_EPOCH; each thread builds its own list when it sees that.
 */
import type { Live } from '../model/live.ts';
import type { Proxy } from '../model/proxy.ts';
import { SERVER_DRAIN, SERVER_MAINT, SERVER_RUNNING, type Server } from '../model/server.ts';
import type { Stream } from '../model/stream.ts';
import * as abi from '../native/abi.ts';

/** Answer of an algorithm: a server, or undefined when each is down (`isEmpty`) or full. */
export interface Balancer {
  readonly group: ServerGroup;
  /** Algorithms that may go to any server skip full ones (and queue in the backend); a hash always means one server. */
  readonly isDeterministic: boolean;
  /** <avoid>: the server that just failed; taken again only when it is the only one. */
  next(stream: Stream, avoid: Server | undefined): Server | undefined;
}

export class ServerGroup {
  readonly proxy: Proxy;
  readonly live: Live;
  /** Usable servers in file order, with their effective weights. */
  readonly servers: Server[] = [];
  readonly weights: number[] = [];
  /** Sum of `weights`. */
  totalWeight = 0;
  /** Active ones among the proxy's servers, whether or not backups are in use now. */
  activeCount = 0;
  private readonly record: number;
  private readonly useAllBackups: boolean;
  private epoch = Number.NaN;

  constructor(proxy: Proxy, live: Live) {
    this.proxy = proxy;
    this.live = live;
    this.record = live.proxy(proxy.index);
    this.useAllBackups = proxy.options.has('allbackups');
  }

  /** Takes over state changes; true when the list was built anew. */
  refresh(): boolean {
    const epoch = Atomics.load(this.live.words, this.record + abi.LIVE_PX_EPOCH);
    if (epoch === this.epoch) return false;
    this.epoch = epoch;
    this.servers.length = 0;
    this.weights.length = 0;
    this.totalWeight = 0;
    for (const server of this.proxy.servers) {
      if (!server.backup) this.take(server);
    }
    this.activeCount = this.servers.length;
    if (this.activeCount > 0) return true;
    for (const server of this.proxy.servers) {
      if (server.backup && this.take(server) && !this.useAllBackups) break;
    }
    return true;
  }

  private take(server: Server): boolean {
    const words = this.live.words;
    const weight = words[this.live.server(server.index) + abi.LIVE_SV_WEIGHT] as number;
    if (weight <= 0 || !this.isUsable(server)) return false;
    this.servers.push(server);
    this.weights.push(weight);
    this.totalWeight += weight;
    return true;
  }

  /** Up, and not told to take no new work. */
  isUsable(server: Server): boolean {
    const state = Atomics.load(this.live.words, this.live.server(server.index) + abi.LIVE_SV_STATE);
    return (state & (SERVER_RUNNING | SERVER_DRAIN | SERVER_MAINT)) === SERVER_RUNNING;
  }

  get isEmpty(): boolean {
    return this.servers.length === 0;
  }

  /** How many requests <server> may serve now: `maxconn`, or between `minconn` and it as the backend's load is to `fullconn`. */
  dynamicMaxconn(server: Server): number {
    const words = this.live.words;
    const at = this.live.server(server.index);
    const maxconn = words[at + abi.LIVE_SV_MAXCONN] as number;
    const minconn = words[at + abi.LIVE_SV_MINCONN] as number;
    if (minconn <= 0 || minconn >= maxconn) return maxconn;
    const load = words[this.record + abi.LIVE_PX_BECONN] as number;
    const full = words[this.record + abi.LIVE_PX_FULLCONN] as number;
    if (full <= 0 || load >= full) return maxconn;
    return Math.max(minconn, Math.floor((load * maxconn) / full));
  }

  hasRoom(server: Server): boolean {
    const words = this.live.words;
    const at = this.live.server(server.index);
    if ((words[at + abi.LIVE_SV_MAXCONN] as number) === 0) return true;
    if (Atomics.load(words, at + abi.LIVE_SV_QUEUED) > 0) return false;
    return Atomics.load(words, at + abi.LIVE_SV_SERVED) < this.dynamicMaxconn(server);
  }
}
