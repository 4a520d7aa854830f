/** Kinds of rules are evaluated in an order of their own, wherever they stand: said when a file shows them the other way round.
 * What a section has had so far is kept with it.
 */
import type { WordCursor } from '../config/place.ts';
import type { ProxySection } from './proxy-section.ts';

const ORDER = [
  'tcp-request connection',
  'tcp-request session',
  'tcp-request content',
  'monitor fail',
  'http-request',
  'redirect',
  'use_backend',
] as const;

const RESPONSE_ORDER = ['tcp-response content', 'http-response'] as const;

/** Notes that a rule of <kind> stands under <cursor>, and warns when a kind that is evaluated later stood before it. */
export function noteRuleOrder(section: ProxySection, kind: string, cursor: WordCursor): void {
  const { ruleKinds } = section;
  ruleKinds.add(kind);
  for (const order of [ORDER, RESPONSE_ORDER] as const) {
    const at = (order as readonly string[]).indexOf(kind);
    const later = at < 0 ? undefined : order.slice(at + 1).find((other) => ruleKinds.has(other));
    if (later === undefined) continue;
    const text = `a '${kind}' rule placed after a '${later}' rule will still be processed before.`;
    cursor.alerts.warning(text, cursor.words[0], `Put '${kind}' rules above '${later}' rules.`);
  }
}
