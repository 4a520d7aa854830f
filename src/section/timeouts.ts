/** `timeout …`: how long each side may be silent. Values are milliseconds; -1 in the proxy means that another timeout counts. */
import { time } from '../config/argument.ts';
import type { Keyword } from '../config/keyword.ts';
import type { Timeouts } from '../model/proxy.ts';
import type { ProxySection } from './proxy-section.ts';
import { proxyKeyword, type Traits } from './traits.ts';

type Side = NonNullable<Traits['needs']>;

const TIMEOUTS: readonly (readonly [name: string, field: keyof Timeouts, needs: Side])[] = [
  ['client', 'clientMs', 'frontend'],
  ['server', 'serverMs', 'backend'],
  ['connect', 'connectMs', 'backend'],
  ['http-request', 'httpRequestMs', 'any'],
  ['http-keep-alive', 'httpKeepAliveMs', 'any'],
  ['tunnel', 'tunnelMs', 'backend'],
  ['client-fin', 'clientFinMs', 'frontend'],
  ['server-fin', 'serverFinMs', 'backend'],
  ['queue', 'queueMs', 'backend'],
  ['tarpit', 'tarpitMs', 'any'],
  ['check', 'checkMs', 'backend'],
];

/** The names that they had before 1.3.14, still accepted with a word of advice. */
const OLD_NAMES: Readonly<Record<string, string>> = {
  clitimeout: 'client',
  srvtimeout: 'server',
  contimeout: 'connect',
};

function timeoutKeyword(word: string, name: string): Keyword<ProxySection> {
  const [, field, needs] = TIMEOUTS.find(([known]) => known === name) as (typeof TIMEOUTS)[number];
  return proxyKeyword({
    name: word,
    args: [time()],
    traits: { needs, isObsolete: word !== `timeout ${name}` },
    parse({ target, cursor }, ms) {
      target.proxy.timeouts[field] = ms;
      if (word !== `timeout ${name}`) {
        cursor.alerts.warning(
          `'${word}' is an old name.`,
          cursor.words[0],
          `Write: timeout ${name} ${cursor.words[1]?.text}`,
        );
      }
    },
  });
}

export const timeoutKeywords: readonly Keyword<ProxySection>[] = [
  ...TIMEOUTS.map(([name]) => timeoutKeyword(`timeout ${name}`, name)),
  ...Object.entries(OLD_NAMES).map(([word, name]) => timeoutKeyword(word, name)),
];
