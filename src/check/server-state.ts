/** The state of every server: what its checks found, what the administrator said, and what follows for the data threads. The only
 * writer of LIVE_SV_STATE and LIVE_SV_WEIGHT; owned by the main thread. Changes are told to `Voice` in HAProxy's words.
 */
import type { Live } from '../model/live.ts';
import type { Proxy } from '../model/proxy.ts';
import { SERVER_DRAIN, SERVER_MAINT, SERVER_RUNNING, SERVER_STOPPING, type Server } from '../model/server.ts';
import * as abi from '../native/abi.ts';
import { firstHealth, fullHealth, isUp } from './health.ts';
import { downMessage, type ServerCounts, stoppingMessage, upMessage } from './messages.ts';
import type { CheckResult } from './result.ts';

/** syslog levels of what is said. */
const EMERGENCY = 0;
const ALERT = 1;
const NOTICE = 5;

/** Where messages go, and how data threads hear of a change. Implemented by src/process. */
export interface Voice {
  /** To stderr, with HAProxy's tag. */
  warn(text: string): void;
  alert(text: string): void;
  /** To the proxy's own log targets. */
  log(proxy: Proxy, level: number, text: string): void;
  /** Requests that wait in the queues of <proxy> may have somewhere to go. */
  kickQueue(proxy: Proxy): void;
  /** Seconds, wall clock. */
  nowSeconds(): number;
}

export type Admin = 'ready' | 'drain' | 'maint';
export type Operation = 'up' | 'stopping' | 'down';

/** One server. Fields are read by the runtime API and the statistics; only this file writes them. */
export interface ServerRecord {
  readonly server: Server;
  admin: Admin;
  /** Kept over maintenance: `enable server` after `drain` + `maint` finds the server drained. */
  isDrained: boolean;
  operation: Operation;
  health: number;
  checksEnabled: boolean;
  /** Weight the runtime API gave; the effective one when up. */
  weight: number;
  lastChangeSeconds: number;
  downtimeSeconds: number;
  failedChecks: number;
  /** Transitions from up to down. */
  downTransitions: number;
  /** The last answer; undefined before the first. */
  result: CheckResult | undefined;
  isChecking: boolean;
}

export interface ProxyRecord {
  lastChangeSeconds: number;
  downTransitions: number;
  downtimeSeconds: number;
}

export class ServerStates {
  /** By server index. */
  readonly records: ServerRecord[] = [];
  /** By proxy index. */
  readonly proxies: ProxyRecord[] = [];
  private readonly live: Live;
  private readonly voice: Voice;

  constructor(proxies: readonly Proxy[], servers: readonly Server[], live: Live, voice: Voice) {
    this.live = live;
    this.voice = voice;
    const now = voice.nowSeconds();
    for (const _ of proxies) {
      this.proxies.push({ lastChangeSeconds: now, downTransitions: 0, downtimeSeconds: 0 });
    }
    for (const server of servers) this.records.push(this.first(server, now));
    for (const record of this.records) this.write(record);
  }

  private first(server: Server, now: number): ServerRecord {
    const isOff = server.disabled || server.proxy.disabled || server.resolved === undefined;
    return {
      server,
      admin: isOff ? 'maint' : 'ready',
      isDrained: false,
      operation: isOff ? 'down' : 'up',
      health: isOff ? 0 : firstHealth(server.check),
      checksEnabled: server.check.enabled,
      weight: server.weight,
      lastChangeSeconds: now,
      downtimeSeconds: 0,
      failedChecks: 0,
      downTransitions: 0,
      result: undefined,
      isChecking: false,
    };
  }

  of(server: Server): ServerRecord {
    return this.records[server.index] as ServerRecord;
  }

  /** Takes new work. */
  isUsable(record: ServerRecord): boolean {
    return record.operation === 'up' && record.admin === 'ready' && record.weight > 0;
  }

  /** Usable servers of a backend; backups are counted even while they are not needed. */
  counts(proxy: Proxy): ServerCounts {
    let active = 0;
    let backup = 0;
    for (const server of proxy.servers) {
      if (!this.isUsable(this.of(server))) continue;
      if (server.backup) backup++;
      else active++;
    }
    return { active, backup };
  }

  /** Seconds the server was down, the present time included. */
  downtime(record: ServerRecord): number {
    const isDown = record.operation === 'down' && record.admin !== 'maint';
    return record.downtimeSeconds + (isDown ? this.voice.nowSeconds() - record.lastChangeSeconds : 0);
  }

  /** Requests at <server> and those that its end moves: its own queue, and the backend's when no other server is left. */
  sessions(server: Server): { served: number; queued: number } {
    const { words } = this.live;
    const at = this.live.server(server.index);
    const others = server.proxy.servers.some((one) => one !== server && this.isUsable(this.of(one)));
    const inBackend = this.live.proxy(server.proxy.index) + abi.LIVE_PX_QUEUED;
    return {
      served: Atomics.load(words, at + abi.LIVE_SV_SERVED),
      queued: Atomics.load(words, at + abi.LIVE_SV_QUEUED) + (others ? 0 : Atomics.load(words, inBackend)),
    };
  }

  /** The checks (or the runtime API, without <result>) found the server down. */
  setDown(record: ServerRecord, result: CheckResult | undefined, cause: string): void {
    if (record.operation === 'down') return;
    record.health = 0;
    const tookNothing = record.operation === 'stopping' || record.isDrained;
    const sessions = this.sessions(record.server);
    const isLast = this.change(record, () => {
      record.operation = 'down';
      record.downTransitions++;
    });
    const { server } = record;
    this.tell(
      record,
      tookNothing ? NOTICE : ALERT,
      downMessage(server, this.counts(server.proxy), sessions, result, cause),
    );
    if (isLast) this.tellEmpty(record);
  }

  setUp(record: ServerRecord, result: CheckResult | undefined, cause: string): void {
    if (record.operation === 'up') return;
    record.health = fullHealth(record.server.check);
    this.change(record, () => {
      record.operation = 'up';
    });
    const { server } = record;
    this.tell(record, NOTICE, upMessage(server, this.counts(server.proxy), result, cause));
  }

  setStopping(record: ServerRecord, result: CheckResult | undefined, cause: string): void {
    if (record.operation !== 'up') return;
    const isLast = this.change(record, () => {
      record.operation = 'stopping';
    });
    const { server } = record;
    this.tell(record, NOTICE, stoppingMessage(server, this.counts(server.proxy), result, cause));
    if (isLast) this.tellEmpty(record);
  }

  /** <record>'s health as its checks left it, without a change of state. */
  setHealth(record: ServerRecord, health: number): void {
    record.health = health;
  }

  isHealthy(record: ServerRecord): boolean {
    return isUp(record.health, record.server.check);
  }

  /** Changes what data threads see of <record>, and the times of server and backend; true when its backend lost its last server. */
  change(record: ServerRecord, apply: () => void): boolean {
    const now = this.voice.nowSeconds();
    const { server } = record;
    const wasEmpty = this.isEmpty(server.proxy);
    const before = record.operation;
    apply();
    if (before === 'down' && record.operation !== 'down') {
      record.downtimeSeconds += now - record.lastChangeSeconds;
    }
    // A drained server is as up as before.
    if (before !== record.operation) record.lastChangeSeconds = now;
    this.publish(record);
    this.noteProxy(server.proxy, wasEmpty, now);
    return !wasEmpty && this.isEmpty(server.proxy);
  }

  /** Puts <record> back to what another process knew of it: nothing is said, nothing is counted. */
  restore(record: ServerRecord, apply: () => void): void {
    apply();
    this.write(record);
  }

  private noteProxy(proxy: Proxy, wasEmpty: boolean, now: number): void {
    const isEmpty = this.isEmpty(proxy);
    if (wasEmpty === isEmpty) return;
    const own = this.proxies[proxy.index] as ProxyRecord;
    if (isEmpty) own.downTransitions++;
    else own.downtimeSeconds += now - own.lastChangeSeconds;
    own.lastChangeSeconds = now;
  }

  isEmpty(proxy: Proxy): boolean {
    const { active, backup } = this.counts(proxy);
    return active + backup === 0;
  }

  /** Lets threads see <record>, rebuild their lists, and look after who waits. */
  private publish(record: ServerRecord): void {
    this.write(record);
    this.voice.kickQueue(record.server.proxy);
  }

  private write(record: ServerRecord): void {
    const { server } = record;
    const { words } = this.live;
    let state = record.operation === 'down' ? 0 : SERVER_RUNNING;
    if (record.operation === 'stopping') state |= SERVER_DRAIN | SERVER_STOPPING;
    if (record.admin === 'drain' || record.isDrained) state |= SERVER_DRAIN;
    if (record.admin === 'maint') state = SERVER_MAINT;
    const at = this.live.server(server.index);
    Atomics.store(words, at + abi.LIVE_SV_STATE, state);
    Atomics.store(words, at + abi.LIVE_SV_WEIGHT, record.weight);
    Atomics.add(words, this.live.proxy(server.proxy.index) + abi.LIVE_PX_EPOCH, 1);
  }

  tell(record: ServerRecord, level: number, text: string): void {
    this.voice.warn(text);
    this.voice.log(record.server.proxy, level, text);
  }

  /** The last usable server of a backend is gone. */
  tellEmpty(record: ServerRecord): void {
    const { proxy } = record.server;
    const kind = proxy.isFrontend ? 'proxy' : 'backend';
    this.voice.alert(`${kind} '${proxy.name}' has no server available!`);
    this.voice.log(proxy, EMERGENCY, `${kind} ${proxy.name} has no server available!`);
  }
}
