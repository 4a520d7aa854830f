/** Hot path. Whether a new stream may be compressed at this moment: the process is not over a limit (process/compression-watch.ts), and
 * nobody switched the encoder of its proxies off. The encoder itself is chosen in the engine, piece by piece
 * (native/engine/body_stage.c), from the same words.
 */
import type { Live } from '../model/live.ts';
import * as abi from '../native/abi.ts';
import type { DataStream } from './data-stream.ts';

export function mayCompress(live: Live, stream: DataStream): boolean {
  const { words } = live;
  if (words[abi.LIVE_COMP_CLOSED] === 1) return false;
  const own = words[live.proxy(stream.backendPlan.proxy.index) + abi.LIVE_PX_ENCODER] as number;
  if (own !== 0) return own !== abi.ENCODER_OFF;
  return words[live.proxy(stream.frontendPlan.proxy.index) + abi.LIVE_PX_ENCODER] !== abi.ENCODER_OFF;
}
