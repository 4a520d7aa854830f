/** `timeout …`: how long each side may be silent. Values are milliseconds; -1 in the proxy means that another timeout counts. */
import { customOrNothing, time } from '../config/argument.ts';
import type { Keyword } from '../config/keyword.ts';
import type { Alerts, Word } from '../config/place.ts';
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
  ['client-hs', 'clientHsMs', 'frontend'],
  ['server-fin', 'serverFinMs', 'backend'],
  ['queue', 'queueMs', 'backend'],
  ['tarpit', 'tarpitMs', 'any'],
  ['check', 'checkMs', 'backend'],
];

/** The names that they had before 1.3.14. */
const OLD_NAMES: Readonly<Record<string, string>> = {
  clitimeout: 'client',
  srvtimeout: 'server',
  contimeout: 'connect',
};

/** A bare number below it was probably meant in seconds. */
export const BARE_TIME_MIN_MS = 100;

/** Warns of <at> when it is a number without a unit that is odd as milliseconds; <called> is what it was said of. */
export function warnSmallTime(called: string, at: Word, alerts: Alerts): void {
  const value = /^\d+$/.test(at.text) ? Number(at.text) : 0;
  if (value === 0 || value >= BARE_TIME_MIN_MS) return;
  const text = `'${called} ${value}' is suspiciously small for a value in milliseconds.`;
  alerts.warning(text, at, `Write the unit: ${value}s, or ${value}ms when that was the intent.`);
}

/** True when the section said it before. Of -1 and 0 both say that there is none; defaults may say it again. */
function isSaid({ kind, proxy, firstTimeouts }: ProxySection, field: keyof Timeouts): boolean {
  return kind !== 'defaults' && Math.max(0, proxy.timeouts[field]) !== Math.max(0, firstTimeouts[field]);
}

function timeoutKeyword([name, field, needs]: (typeof TIMEOUTS)[number]): Keyword<ProxySection> {
  return proxyKeyword({
    name: `timeout ${name}`,
    args: [time()],
    traits: { needs },
    parse({ target, cursor }, ms) {
      const { timeouts } = target.proxy;
      warnSmallTime(`timeout ${name}`, cursor.words.at(-1) as Word, cursor.alerts);
      if (isSaid(target, field))
        cursor.alerts.warning(`overwriting 'timeout ${name}' which was already specified`, cursor.words[1]);
      timeouts[field] = ms;
    },
  });
}

function oldKeyword([word, name]: [string, string]): Keyword<ProxySection> {
  return proxyKeyword({
    name: word,
    args: [customOrNothing('<timeout>')],
    traits: { isObsolete: true },
    parse({ cursor }) {
      const text = `'${word}' is not supported any more.`;
      const value = cursor.words[1]?.text ?? '<timeout>';
      cursor.alerts.alert(text, cursor.words[0], `Write: timeout ${name} ${value}`);
    },
  });
}

export const timeoutKeywords: readonly Keyword<ProxySection>[] = [
  ...TIMEOUTS.map(timeoutKeyword),
  ...Object.entries(OLD_NAMES).map(oldKeyword),
];
