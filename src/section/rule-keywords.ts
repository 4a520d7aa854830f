/** Rules: lines that hold an action. Their words are compiled by src/action; here is only where each may stand and where the result
 * goes.
 */
import { parseRule } from '../action/parse.ts';
import { customOrNothing, time } from '../config/argument.ts';
import type { Keyword } from '../config/keyword.ts';
import type { WordCursor } from '../config/place.ts';
import type { RuleSet } from '../model/rules.ts';
import { addRule, type ProxySection, ruleContext } from './proxy-section.ts';
import { proxyKeyword, type Traits } from './traits.ts';

function readRule(section: ProxySection, set: RuleSet, cursor: WordCursor): void {
  const rule = parseRule(set, cursor, ruleContext(section, cursor, set));
  if (rule !== undefined) addRule(section, set, rule);
}

function ruleKeyword(set: RuleSet, needs: NonNullable<Traits['needs']>): Keyword<ProxySection> {
  return proxyKeyword({
    name: set,
    args: [customOrNothing('<action> ... [{ if | unless } <condition>]')],
    traits: { needs, defaults: 'named' },
    parse({ target }, cursor) {
      readRule(target, set, cursor);
    },
  });
}

export const ruleKeywords: readonly Keyword<ProxySection>[] = [
  ruleKeyword('http-request', 'any'),
  ruleKeyword('http-response', 'any'),
  ruleKeyword('http-after-response', 'any'),
  ruleKeyword('tcp-request connection', 'frontend'),
  ruleKeyword('tcp-request session', 'frontend'),
  ruleKeyword('tcp-request content', 'any'),
  ruleKeyword('tcp-response content', 'backend'),
  proxyKeyword({
    name: 'tcp-request inspect-delay',
    args: [time('<timeout>')],
    parse({ target }, ms) {
      target.proxy.inspectDelayMs = ms;
    },
  }),
  proxyKeyword({
    name: 'tcp-response inspect-delay',
    args: [time('<timeout>')],
    traits: { needs: 'backend' },
    parse({ target }, ms) {
      target.proxy.settings.set('tcp-response inspect-delay', [String(ms)]);
    },
  }),
  // The form of before `http-request redirect`.
  proxyKeyword({
    name: 'redirect',
    args: [customOrNothing('{ location | prefix | scheme } <value> ... [{ if | unless } <condition>]')],
    traits: { defaults: 'no' },
    parse({ target }, cursor) {
      cursor.position = 0;
      readRule(target, 'http-request', cursor);
    },
  }),
];
