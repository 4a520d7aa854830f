/** Hot path. A stream as the data path keeps it: the model's record and what only the steps need to know. One object serves many
 * requests: the plane lends it when a request begins and takes it back at the end, so an idle connection holds none.
 */
import type { Engine } from '../model/boundary.ts';
import type { Session } from '../model/session.ts';
import { Stream } from '../model/stream.ts';
import type { PairPlan } from './pair-plan.ts';
import type { ProxyPlan } from './proxy-plan.ts';

export class DataStream extends Stream {
  frontendPlan!: ProxyPlan;
  /** The frontend's own until a backend is chosen. */
  backendPlan!: ProxyPlan;
  /** What holds for this frontend with this backend. */
  pair: PairPlan | undefined;
  /** `server` is decided: the next attempt goes there. False: the balance algorithm decides. */
  isAssigned = false;
  /** `server` was named by a rule or a cookie, not by the balance algorithm. */
  isDirect = false;
  /** Index of the server that has authenticated this client's connection (NTLM), -1 none. */
  privateServer = -1;
  /** The request was forwarded at least once: the engine holds its image, another attempt is a replay. */
  isForwarded = false;
  /** When another server than the first was to be tried; 0 = never, -1 = now. The time until then counts as queued. */
  rechosenAtMs = 0;
  /** The next attempt must open a connection of its own. */
  wantsFreshConnection = false;
  /** Monotonic ms until which content rules may wait; 0 = not waiting. */
  inspectUntilMs = 0;
  /** E_ARG of the last wake: the server whose slot was granted. */
  wakeArgument = 0;
  /** Status of the server's response, when policy saw it; 0 otherwise. */
  serverStatus = 0;
  /** What an answer of our own counts for in bytes sent (native/engine/account.c weighs the same way). */
  replyWeight = 0;
  /** No request came of this: the log shows <BADREQ>. */
  isBadRequest = false;
  /** How long rules and bodies have held the request: HAProxy counts that as time of the request. */
  requestWaitMs = 0;
  /** A monitor request: neither logged nor counted as traffic. */
  isMonitor = false;
  /** STAGE_* of the request's own body. */
  requestStage = 0;
  /** Texts of formats in PROXY headers that were sent, by their source; undefined: none. */
  proxyValues: Map<string, string> | undefined;
  /** Index of the chosen algorithm in the pair's compression plan, -1 none. */
  compressionChoice = -1;
  /** The response is being compressed (or re-chunked by the identity algorithm). */
  isCompressed = false;

  override begin(engine: Engine, index: number, generation: number, session: Session): void {
    super.begin(engine, index, generation, session);
    this.pair = undefined;
    this.isAssigned = false;
    this.isDirect = false;
    this.privateServer = -1;
    this.isForwarded = false;
    this.rechosenAtMs = 0;
    this.wantsFreshConnection = false;
    this.inspectUntilMs = 0;
    this.wakeArgument = 0;
    this.serverStatus = 0;
    this.replyWeight = 0;
    this.isBadRequest = false;
    this.requestWaitMs = 0;
    this.isMonitor = false;
    this.requestStage = 0;
    this.proxyValues = undefined;
    this.compressionChoice = -1;
    this.isCompressed = false;
  }
}
