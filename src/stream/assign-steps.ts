/** Hot path. From a backend to a server: choose one, take a slot of it or queue for one, forward. Order and limits hold over all
 * threads (src/lb); the engine keeps the queue, because who frees a slot decides who gets it.
 */

import { takeSlot } from '../lb/slot.ts';
import { countMax, countRate } from '../model/counter-slices.ts';
import {
  COUNT_ECON,
  COUNT_LASTSESS,
  COUNT_LBTOT,
  COUNT_QMAX,
  COUNT_RATE,
  COUNT_RATE_MAX,
  COUNT_STOT,
  COUNT_WREDIS,
  COUNT_WRETR,
} from '../model/counters.ts';
import type { Server } from '../model/server.ts';
import { destinationOf, destinationPortOf } from '../model/session-address.ts';
import * as abi from '../native/abi.ts';
import { sockaddrIpv4, sockaddrIpv6 } from '../native/sockaddr.ts';
import { abortStream, errorReply } from './answer.ts';
import type { DataStream } from './data-stream.ts';
import type { Plane } from './plane.ts';
import { writePrefix } from './send-proxy.ts';
import { PAUSED, STEP_ASSIGN, STEP_FORWARD, STEP_QUEUE, STEP_SERVED, STEP_TURNAROUND } from './step-names.ts';

/** `use-server` rules: the first that holds and whose server is up. */
function serverByRule(stream: DataStream): Server | undefined {
  const plan = stream.backendPlan;
  const rules = plan.proxy.useServers;
  for (let i = 0; i < rules.length; i++) {
    const rule = rules[i];
    if (rule === undefined) break;
    if (rule.condition !== undefined && !rule.condition.test(stream)) continue;
    if (plan.balancer.group.isUsable(rule.server)) return rule.server;
  }
  return undefined;
}

/** The server whose connection knows this client already (NTLM authenticates connections): another would ask anew. */
function serverOfClient(plane: Plane, stream: DataStream): Server | undefined {
  const { balancer } = stream.backendPlan;
  const server = plane.configuration.servers[stream.privateServer];
  if (server?.proxy !== stream.backendPlan.proxy || balancer.isDeterministic) return undefined;
  return balancer.group.isUsable(server) ? server : undefined;
}

/** Counts what became of a second attempt: a retry on the same server or a redispatch to another. */
function countAttempt(plane: Plane, stream: DataStream, previous: Server): void {
  const backend = stream.backendPlan.backendCounters;
  const isOther = stream.server !== previous;
  if (isOther) stream.redispatched = true;
  const counter = isOther ? COUNT_WREDIS : COUNT_WRETR;
  plane.count(backend + counter, 1);
  plane.count(plane.serverCounters(previous.index) + counter, 1);
}

export function assignStep(plane: Plane, stream: DataStream): number {
  const plan = stream.backendPlan;
  if (!stream.isAssigned) {
    const previous = stream.server;
    const byRule =
      previous === undefined && plan.proxy.useServers.length > 0 ? serverByRule(stream) : undefined;
    const known =
      previous === undefined && stream.privateServer >= 0 ? serverOfClient(plane, stream) : undefined;
    const server = byRule ?? known ?? plan.balancer.next(stream, previous);
    if (server === undefined) {
      if (plan.balancer.group.isEmpty) return noServer(plane, stream);
      return enqueue(plane, stream, abi.NONE);
    }
    stream.server = server;
    stream.isAssigned = true;
    stream.isDirect = byRule !== undefined;
    if (byRule === undefined && server !== previous) {
      plane.count(plan.backendCounters + COUNT_LBTOT, 1);
      plane.count(plane.serverCounters(server.index) + COUNT_LBTOT, 1);
    }
    if (previous !== undefined) {
      countAttempt(plane, stream, previous);
      stream.rechosenAtMs = -1;
    }
  }
  const server = stream.server as Server;
  if (takeSlot(plan.balancer.group, server)) {
    stream.holdsSlot = true;
    return STEP_FORWARD;
  }
  const queued = plane.live.words[plane.live.server(server.index) + abi.LIVE_SV_QUEUED] as number;
  if (server.maxqueue > 0 && queued >= server.maxqueue) {
    plane.count(plan.backendCounters + COUNT_ECON, 1);
    plane.count(plane.serverCounters(server.index) + COUNT_ECON, 1);
    return errorReply(plane, stream, 503, 'SQ');
  }
  return enqueue(plane, stream, server.index);
}

function noServer(plane: Plane, stream: DataStream): number {
  stream.server = undefined;
  plane.count(stream.backendPlan.backendCounters + COUNT_ECON, 1);
  return errorReply(plane, stream, 503, 'SC');
}

/** Waits for a slot of one server, or of any when <server> is NONE. */
function enqueue(plane: Plane, stream: DataStream, server: number): number {
  const plan = stream.backendPlan;
  const engine = stream.engine;
  stream.step = STEP_QUEUE;
  const at = engine.command(abi.CMD_QUEUE, stream.index, stream.generation);
  // Posted: the server went down, another has to be chosen.
  let reasons = abi.WAKE_SLOT | abi.WAKE_DEADLINE | abi.WAKE_POSTED;
  if (plan.isAbortOnClose) reasons |= abi.WAKE_ABORT;
  engine.commands[at + abi.C_REASONS] = reasons;
  engine.commands[at + abi.C_DEADLINE_MS] = plan.queueMs > 0 ? plan.queueMs : abi.NONE;
  engine.commands[at + abi.C_SERVER] = server;
  engine.commands[at + abi.C_BACKEND] = plan.proxy.index;
  const words = plane.live.words;
  if (server === abi.NONE) {
    const inBackend = (words[plane.live.proxy(plan.proxy.index) + abi.LIVE_PX_QUEUED] as number) + 1;
    countMax(plane.counters, plan.backendCounters + COUNT_QMAX, inBackend);
  } else {
    const inServer = (words[plane.live.server(server) + abi.LIVE_SV_QUEUED] as number) + 1;
    countMax(plane.counters, plane.serverCounters(server) + COUNT_QMAX, inServer);
  }
  return PAUSED;
}

/** Woken in the queue: with a slot, too late, or because the client left. */
export function queueStep(plane: Plane, stream: DataStream): number {
  const reason = stream.wakeReason;
  stream.wakeReason = 0;
  if ((reason & abi.WAKE_SLOT) !== 0) {
    const granted = plane.configuration.servers[stream.wakeArgument] as Server;
    const previous = stream.server;
    stream.server = granted;
    stream.holdsSlot = true;
    if (previous !== undefined && !stream.isAssigned) countAttempt(plane, stream, previous);
    stream.isAssigned = true;
    return STEP_FORWARD;
  }
  if ((reason & abi.WAKE_ABORT) !== 0) return abortStream(stream, 'CQ', -1);
  if ((reason & abi.WAKE_DEADLINE) !== 0) {
    plane.count(stream.backendPlan.backendCounters + COUNT_ECON, 1);
    if (stream.server !== undefined) plane.count(plane.serverCounters(stream.server.index) + COUNT_ECON, 1);
    return errorReply(plane, stream, 503, 'sQ');
  }
  // The backend changed: choose again.
  stream.isAssigned = false;
  return STEP_ASSIGN;
}

/** Waits before the same server is tried again. */
export function beginTurnaround(stream: DataStream): number {
  const plan = stream.backendPlan;
  const engine = stream.engine;
  stream.step = STEP_TURNAROUND;
  const at = engine.command(abi.CMD_WAIT, stream.index, stream.generation);
  engine.commands[at + abi.C_REASONS] = abi.WAKE_DEADLINE | (plan.isAbortOnClose ? abi.WAKE_ABORT : 0);
  engine.commands[at + abi.C_DEADLINE_MS] = plan.turnaroundMs;
  return PAUSED;
}

export function turnaroundStep(_plane: Plane, stream: DataStream): number {
  const reason = stream.wakeReason;
  stream.wakeReason = 0;
  if ((reason & abi.WAKE_ABORT) !== 0) return abortStream(stream, 'CC', -1);
  return STEP_ASSIGN;
}

/** `server name :0` or `name +1`: the port is the client's own destination port plus an offset. */
function writeClientPort(stream: DataStream, server: Server, at: number): number {
  const address = server.resolved;
  if (address === undefined || address.port !== 0 || address.kind === 'unix' || address.kind === 'abns')
    return 0;
  if (destinationOf(stream) === undefined) return 0;
  const port = (destinationPortOf(stream) + address.portOffset) & 0xffff;
  const octets = stream.backendPlan.serverOctets(server);
  if (octets === undefined) return 0;
  const bytes = new Uint8Array(28);
  bytes.set(octets.length === 4 ? sockaddrIpv4(octets, port) : sockaddrIpv6(octets, port));
  stream.engine.commands[at + abi.C_ADDR] = stream.engine.bytes(bytes);
  return abi.FWD_ADDR;
}

function forwardFlags(stream: DataStream): number {
  const pair = stream.pair;
  if (pair === undefined) return abi.FWD_SLOT;
  let flags = (stream.session.streams === 1 ? pair.firstFlags : pair.laterFlags) | abi.FWD_SLOT;
  if (pair.wantsResponse || stream.compressionChoice >= 0) flags |= abi.FWD_WANT_RESPONSE;
  if (stream.isForwarded) flags |= abi.FWD_REPLAY;
  if (stream.request.asksClose) flags = (flags & ~abi.FWD_KEEP_SERVER) | abi.FWD_CLOSE_SERVER;
  if (stream.wantsFreshConnection) flags &= ~(abi.FWD_REUSE_IDLE | abi.FWD_REUSE_UNSAFE);
  return flags;
}

export function forwardStep(plane: Plane, stream: DataStream): number {
  const engine = stream.engine;
  const server = stream.server as Server;
  const counters = plane.serverCounters(server.index);
  const isFirstAttempt = !stream.isForwarded;
  // Each attempt is a session of its server, as HAProxy counts them.
  plane.count(counters + COUNT_STOT, 1);
  countRate(plane.counters, counters + COUNT_RATE, counters + COUNT_RATE_MAX, engine.nowMs);
  plane.counters[counters + COUNT_LASTSESS] = engine.nowMs;
  if (stream.rechosenAtMs < 0) stream.rechosenAtMs = engine.nowMs;
  const firstEdit = engine.edits.count;
  const isHttp = stream.frontendPlan.isHttp;
  const edits = isHttp && isFirstAttempt ? stream.request.writeEdits(engine.edits) : 0;
  const at = engine.command(abi.CMD_FORWARD, stream.index, stream.generation);
  const commands = engine.commands;
  commands[at + abi.C_FLAGS] = forwardFlags(stream) | writeClientPort(stream, server, at);
  commands[at + abi.C_EDITS] = firstEdit;
  commands[at + abi.C_NEDITS] = edits;
  commands[at + abi.C_SERVER] = server.index;
  commands[at + abi.C_BACKEND] = stream.backendPlan.proxy.index;
  commands[at + abi.C_STAGE] = stream.requestStage;
  writePrefix(stream, server, at);
  stream.isForwarded = true;
  // The engine gives the slot back when the server side ends.
  stream.holdsSlot = false;
  stream.step = STEP_SERVED;
  return PAUSED;
}
