/** Rules: lines that hold an action. Their words are compiled by src/action; here is only where each may stand and where the result
 * goes.
 */
import { parseRule } from '../action/parse.ts';
import { customOrNothing, time } from '../config/argument.ts';
import type { Keyword } from '../config/keyword.ts';
import type { WordCursor } from '../config/place.ts';
import type { RuleSet } from '../model/rules.ts';
import { addRule, type ProxySection, ruleContext } from './proxy-section.ts';
import { noteRuleOrder } from './rule-order.ts';
import { proxyKeyword, type Traits } from './traits.ts';

/** Nothing after them is evaluated; a redirection that may be empty is not among them. */
const FINAL_ACTIONS = new Set(['allow', 'deny', 'tarpit', 'return', 'redirect']);

function readRule(section: ProxySection, set: RuleSet, cursor: WordCursor): void {
  noteRuleOrder(section, set, cursor);
  if (section.finalSets.has(set)) {
    const advice = 'Give that rule a condition, or put it last.';
    const text = `the '${set}' rule before this one always ends the evaluation: this one is never reached.`;
    cursor.alerts.warning(text, cursor.words[0], advice);
  }
  const isUnsure = cursor.words.some((word) => word.text === 'ignore-empty');
  const rule = parseRule(set, cursor, ruleContext(section, cursor, set));
  const isFinal =
    rule !== undefined && rule.condition === undefined && FINAL_ACTIONS.has(rule.action.name) && !isUnsure;
  if (isFinal && set.startsWith('http-')) section.finalSets.add(set);
  else section.finalSets.delete(set);
  if (rule !== undefined) addRule(section, set, rule);
}

/** The first one counts, those of the defaults section included. */
function warnDelaySaid(cursor: WordCursor): void {
  const called = `${cursor.words[0]?.text} inspect-delay`;
  const text = `ignoring '${called}': it was said before, here or in the defaults section.`;
  cursor.alerts.warning(text, cursor.words[1], 'Say it once.');
}

function ruleKeyword(
  set: RuleSet,
  needs: NonNullable<Traits['needs']>,
  otherwise: NonNullable<Traits['otherwise']> = 'ignore',
): Keyword<ProxySection> {
  return proxyKeyword({
    name: set,
    args: [customOrNothing('<action> ... [{ if | unless } <condition>]')],
    traits: { needs, otherwise, defaults: 'named' },
    parse({ target }, cursor) {
      readRule(target, set, cursor);
    },
  });
}

export const ruleKeywords: readonly Keyword<ProxySection>[] = [
  ruleKeyword('http-request', 'any'),
  ruleKeyword('http-response', 'any'),
  ruleKeyword('http-after-response', 'any'),
  ruleKeyword('tcp-request connection', 'frontend', 'refuse'),
  ruleKeyword('tcp-request session', 'frontend', 'refuse'),
  ruleKeyword('tcp-request content', 'any'),
  ruleKeyword('tcp-response content', 'backend', 'refuse'),
  proxyKeyword({
    name: 'tcp-request inspect-delay',
    args: [time('<timeout>')],
    parse({ target, cursor }, ms) {
      const { proxy } = target;
      if ((proxy.inspectDelayMs ?? 0) > 0) warnDelaySaid(cursor);
      else proxy.inspectDelayMs = ms;
    },
  }),
  proxyKeyword({
    name: 'tcp-response inspect-delay',
    args: [time('<timeout>')],
    traits: { needs: 'backend', otherwise: 'refuse' },
    parse({ target, cursor }, ms) {
      const { settings } = target.proxy;
      const [before] = settings.get('tcp-response inspect-delay') ?? ['0'];
      if (before !== '0') warnDelaySaid(cursor);
      else settings.set('tcp-response inspect-delay', [String(ms)]);
    },
  }),
  // The form of before `http-request redirect`.
  proxyKeyword({
    name: 'redirect',
    args: [customOrNothing('{ location | prefix | scheme } <value> ... [{ if | unless } <condition>]')],
    traits: { defaults: 'no' },
    parse({ target }, cursor) {
      cursor.position = 0;
      noteRuleOrder(target, 'redirect', cursor);
      const rule = parseRule('http-request', cursor, ruleContext(target, cursor, 'http-request'));
      if (rule !== undefined) addRule(target, 'http-request', rule);
    },
  }),
];
