/** What holds for one frontend with one backend: options of both combined into the flags of FORWARD, and whether the
 * policy has to see the response at all. Computed when the pair is first used, then shared by its requests.
 */
import { type CompressionPlan, planCompression } from '../compression/plan.ts';
import { type ForwardPlan, planForward } from '../http/forwarded.ts';
import type { Proxy } from '../model/proxy.ts';
import * as abi from '../native/abi.ts';
import type { ProxyPlan } from './proxy-plan.ts';

export interface PairPlan {
  /** FWD_* of a session's first request, and of those after it. */
  readonly firstFlags: number;
  readonly laterFlags: number;
  /** FWD_* for the way back. */
  readonly responseFlags: number;
  /** A rule, a capture or a filter looks at every response. */
  readonly wantsResponse: boolean;
  readonly compression: CompressionPlan | undefined;
  readonly forwardFor: ForwardPlan | undefined;
  readonly originalTo: ForwardPlan | undefined;
}

function either(frontend: Proxy, backend: Proxy, option: string): boolean {
  return frontend.options.has(option) || backend.options.has(option);
}

/** `http-reuse`: a session's first request cannot be retried by the client unseen, so it takes fewer idle connections. */
function reuseFlags(backend: Proxy, isFirst: boolean): number {
  const mode = backend.httpReuse;
  if (mode === 'never') return abi.FWD_PRIVATE;
  if (!isFirst || mode === 'always') return abi.FWD_REUSE_IDLE | abi.FWD_REUSE_UNSAFE;
  return mode === 'aggressive' ? abi.FWD_REUSE_IDLE : 0;
}

function spliceFlags(frontend: Proxy, backend: Proxy): number {
  let flags = 0;
  const auto = either(frontend, backend, 'splice-auto');
  if (auto || either(frontend, backend, 'splice-request')) flags |= abi.FWD_SPLICE_REQ;
  if (auto || either(frontend, backend, 'splice-response')) flags |= abi.FWD_SPLICE_RES;
  return flags;
}

function needsResponse(plan: ProxyPlan): boolean {
  return (
    plan.tcpResponse !== undefined ||
    plan.httpResponse !== undefined ||
    plan.httpAfterResponse !== undefined ||
    plan.hasResponseCaptures
  );
}

export function planPair(frontend: ProxyPlan, backend: ProxyPlan): PairPlan {
  const front = frontend.proxy;
  const back = backend.proxy;
  const isHttp = frontend.isHttp;
  let common = spliceFlags(front, back);
  if (backend.isAbortOnClose) common |= abi.FWD_ABORT_ON_CLOSE;
  // As in HAProxy: httpclose closes the side of its own section, http-server-close the server's from either.
  const closesServer = either(front, back, 'http-server-close') || back.options.has('httpclose');
  if (isHttp && front.options.has('httpclose')) common |= abi.FWD_CLOSE_CLIENT;
  if (isHttp) common |= closesServer ? abi.FWD_CLOSE_SERVER : abi.FWD_KEEP_SERVER;
  return {
    firstFlags: isHttp ? common | reuseFlags(back, true) : common,
    laterFlags: isHttp ? common | reuseFlags(back, false) : common,
    responseFlags: common & (abi.FWD_CLOSE_CLIENT | abi.FWD_SPLICE_RES),
    wantsResponse: isHttp && (needsResponse(frontend) || needsResponse(backend)),
    compression: isHttp ? planCompression(front.compression, back.compression) : undefined,
    forwardFor: isHttp ? planForward(front.forwardFor, back.forwardFor) : undefined,
    originalTo: isHttp ? planForward(front.originalTo, back.originalTo) : undefined,
  };
}
