/** Lines that end with a condition but hold no action: acls, the choice of backend and server, `monitor fail`. */
import { declareAcl } from '../acl/acl.ts';
import { parseCondition } from '../acl/condition.ts';
import { custom, customOrNothing, rawWord } from '../config/argument.ts';
import type { Keyword } from '../config/keyword.ts';
import type { Word, WordCursor } from '../config/place.ts';
import type { Position } from '../model/rule-context.ts';
import type { Condition } from '../model/rules.ts';
import { type ProxySection, ruleContext } from './proxy-section.ts';
import { noteRuleOrder } from './rule-order.ts';
import { proxyKeyword } from './traits.ts';

/** `if …` or `unless …` at the end of a line: the condition, undefined for none, null when an alert was given. */
function readCondition(
  section: ProxySection,
  cursor: WordCursor,
  position: Position,
): Condition | undefined | null {
  const word = cursor.peek();
  if (word === undefined) return undefined;
  if (word !== 'if' && word !== 'unless') {
    const at = cursor.words[cursor.position] as Word;
    const name = cursor.words[0]?.text;
    cursor.alerts.alert(
      `'${name}' expects 'if' or 'unless', not '${word}'.`,
      at,
      'Write a condition: if <acl> ...',
    );
    return null;
  }
  return parseCondition(cursor, ruleContext(section, cursor, position)) ?? null;
}

export const conditionKeywords: readonly Keyword<ProxySection>[] = [
  proxyKeyword({
    name: 'acl',
    args: [customOrNothing('<name> <criterion> [<flag>]... [<value>]...')],
    traits: { defaults: 'named' },
    parse({ target }, cursor) {
      declareAcl(cursor, ruleContext(target, cursor, 'acl'));
    },
  }),
  proxyKeyword({
    name: 'use_backend',
    args: [rawWord('<backend>'), customOrNothing('[{ if | unless } <condition>]')],
    traits: { needs: 'frontend', defaults: 'no' },
    parse({ target, cursor }, backend) {
      noteRuleOrder(target, 'use_backend', cursor);
      const condition = readCondition(target, cursor, 'use_backend');
      if (condition === null) return;
      const { alerts, place } = cursor;
      target.pendingBackends.push({ word: backend, alerts, place, condition });
    },
  }),
  proxyKeyword({
    name: 'use-server',
    args: [rawWord('<server>'), custom('{ if | unless } <condition>')],
    traits: { needs: 'backend', defaults: 'no' },
    parse({ target, cursor }, server) {
      const condition = readCondition(target, cursor, 'use-server');
      if (condition === null) return;
      const { alerts, place } = cursor;
      if (server.text.includes('%')) {
        const text = `'use-server ${server.text}' is known to HAProxy but not built yet in Sluice; ignored.`;
        alerts.notice(text, server);
        return;
      }
      target.pendingServers.push({ word: server, alerts, place, condition });
    },
  }),
  proxyKeyword({
    name: 'monitor fail',
    args: [custom('{ if | unless } <condition>')],
    traits: { needs: 'frontend', defaults: 'no' },
    parse({ target, cursor }) {
      noteRuleOrder(target, 'monitor fail', cursor);
      const condition = readCondition(target, cursor, 'monitor');
      if (condition === null || condition === undefined) return;
      target.proxy.monitorFails ??= [];
      target.proxy.monitorFails.push(condition);
    },
  }),
];
