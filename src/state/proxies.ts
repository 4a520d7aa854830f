/** Sections `frontends`, `compression` and `limits`: what the runtime API did to proxies and to the process. Each value is kept beside
 * what was configured when it was set, and applied only where that is still so.
 */
import { ENCODERS, type EncoderName, switchEncoder } from '../compression/encoder-switch.ts';
import type { Proxy } from '../model/proxy.ts';
import * as abi from '../native/abi.ts';
import type { StatsSource } from '../stats/source.ts';
import { fieldsOf, isIntegerIn } from './entries.ts';
import type { StateDoor, StateSection } from './section.ts';

const INT_MAX = 0x7fff_ffff;

function frontendOf(source: StatsSource, name: string): Proxy | undefined {
  return source.configuration.proxies.find((one) => one.isFrontend && !one.disabled && one.name === name);
}

function readFrontend(source: StatsSource, door: StateDoor, key: string, value: unknown): boolean {
  const proxy = frontendOf(source, key);
  if (proxy === undefined) return false;
  const { state, maxconn } = fieldsOf(value);
  if (state === 'paused' || state === 'stopped') {
    source.changed.frontends.set(proxy.index, state);
    door.changeFrontend(proxy, state === 'paused' ? 'pause' : 'stop');
  }
  if (Array.isArray(maxconn) && maxconn[0] === proxy.maxconn && isIntegerIn(maxconn[1], 0, INT_MAX)) {
    const { live, changed } = source;
    Atomics.store(live.words, live.proxy(proxy.index) + abi.LIVE_PX_FE_MAXCONN, maxconn[1]);
    changed.frontendMaxconns.set(proxy.index, maxconn[1]);
  }
  return true;
}

export const frontendsSection: StateSection = {
  name: 'frontends',
  version: 1,
  *write({ configuration, changed }) {
    for (const proxy of configuration.proxies) {
      const state = changed.frontends.get(proxy.index);
      const maxconn = changed.frontendMaxconns.get(proxy.index);
      if (state === undefined && maxconn === undefined) continue;
      yield [
        proxy.name,
        { state: state ?? 'open', maxconn: maxconn === undefined ? null : [proxy.maxconn, maxconn] },
      ];
    }
  },
  read: readFrontend,
};

/** The key tells a proxy's sides apart: a frontend and a backend may have the same name. */
function encoderKey({ kind, name }: Proxy): string {
  return `${kind} ${name}`;
}

export const compressionSection: StateSection = {
  name: 'compression',
  version: 1,
  *write({ configuration, changed }) {
    for (const proxy of configuration.proxies) {
      const change = changed.encoders.get(proxy.index);
      if (change !== undefined) yield [encoderKey(proxy), change];
    }
  },
  read(source, _, key, value) {
    const proxy = source.configuration.proxies.find((one) => encoderKey(one) === key);
    const { encoder, by } = fieldsOf(value);
    if (proxy === undefined || typeof encoder !== 'string' || !Object.hasOwn(ENCODERS, encoder)) return false;
    switchEncoder(source.live, proxy, encoder as EncoderName);
    source.changed.encoders.set(proxy.index, { encoder, by: by === 'crashes' ? by : 'command' });
    return true;
  },
};

export const limitsSection: StateSection = {
  name: 'limits',
  version: 1,
  *write({ changed, facts, configuration }) {
    if (changed.maxconn !== undefined) yield ['maxconn', [facts.maxconn, changed.maxconn]];
    if (changed.compressionRate !== undefined) {
      yield ['compression-rate', [changed.compressionRate[0], configuration.global.maxCompressionRateKb]];
    }
  },
  read(source, door, key, value) {
    if (!Array.isArray(value) || !isIntegerIn(value[1], 0, INT_MAX)) return false;
    if (key === 'maxconn' && value[0] === source.facts.maxconn) return door.setMaxconn(value[1]);
    const { global } = source.configuration;
    if (key !== 'compression-rate' || value[0] !== global.maxCompressionRateKb) return false;
    source.changed.compressionRate = [global.maxCompressionRateKb];
    global.maxCompressionRateKb = value[1];
    return true;
  },
};
