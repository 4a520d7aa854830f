/** The encoder of a proxy, switched while it runs: a word in the live array that the engines read for each piece and policy for each
 * stream, so that streams under way change as well. The process's own word is `tune.comp.maxlevel`'s.
 */
import type { Live } from '../model/live.ts';
import type { Proxy } from '../model/proxy.ts';
import * as abi from '../native/abi.ts';

/** `default`: as the configuration says. `off`: nothing new is compressed, what runs goes on as stored blocks. */
export const ENCODERS = {
  default: 0,
  off: abi.ENCODER_OFF,
  store: abi.ENCODER_STORE,
  fast: abi.ENCODER_FAST,
  balanced: abi.ENCODER_BALANCED,
} as const;

export type EncoderName = keyof typeof ENCODERS;

export function switchEncoder(live: Live, proxy: Proxy, encoder: EncoderName): void {
  Atomics.store(live.words, live.proxy(proxy.index) + abi.LIVE_PX_ENCODER, ENCODERS[encoder]);
}

/** The name of what was switched to. */
export function encoderOf(live: Live, proxy: Proxy): EncoderName {
  const word = Atomics.load(live.words, live.proxy(proxy.index) + abi.LIVE_PX_ENCODER);
  const names = Object.keys(ENCODERS) as EncoderName[];
  return names.find((name) => ENCODERS[name] === word) ?? 'default';
}
