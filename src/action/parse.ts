/** Reads one rule: an action, its words, and perhaps a condition. Everything that is left over is an error. */

import { parseCondition } from '../acl/condition.ts';
import { nearest } from '../config/nearest.ts';
import type { Word, WordCursor } from '../model/place.ts';
import type { RuleContext } from '../model/rule-context.ts';
import type { Rule, RuleSet } from '../model/rules.ts';
import type { ActionKeyword } from './declare.ts';
import { actionsOf } from './index.ts';
import { isKnownAction } from './known.ts';

/** Rules that keep somebody out: a file that has one is refused rather than served without it. */
const GUARDS = new Set(['auth']);

function findAction(ruleSet: RuleSet, word: string): { keyword: ActionKeyword; inner: string } | undefined {
  const found = /^([^(]+)(?:\((.*)\))?$/s.exec(word);
  if (found === null) return undefined;
  const keyword = actionsOf(ruleSet).find((candidate) => candidate.name === found[1]);
  if (keyword === undefined || keyword.takesParentheses !== (found[2] !== undefined)) return undefined;
  return { keyword, inner: found[2] ?? '' };
}

function refuse(ruleSet: RuleSet, word: Word, ctx: RuleContext): void {
  const names = actionsOf(ruleSet).map((keyword) => keyword.name + (keyword.takesParentheses ? '(…)' : ''));
  if (GUARDS.has(word.text)) {
    ctx.alerts.alert(
      `'${ruleSet} ${word.text}' is known to HAProxy but not built yet in Sluice; ignoring it would open what it guards`,
      word,
    );
    return;
  }
  if (isKnownAction(ruleSet, word.text)) {
    ctx.alerts.notice(
      `'${ruleSet} ${word.text}' is known to HAProxy but not built yet; the rule is ignored.`,
      word,
    );
    return;
  }
  const meant = nearest(
    word.text.replace(/\(.*$/s, ''),
    actionsOf(ruleSet).map((keyword) => keyword.name),
  );
  const hint = meant === undefined ? '' : `; did you mean '${meant}' maybe?`;
  ctx.alerts.alert(
    `'${ruleSet}' does not know the action '${word.text}'${hint}`,
    word,
    `Allowed: ${names.join(', ')}.`,
  );
}

/** Takes the whole rest of the line. undefined: an alert or notice was given, there is no rule. */
export function parseRule(ruleSet: RuleSet, cursor: WordCursor, ctx: RuleContext): Rule | undefined {
  const word = cursor.words[cursor.position];
  if (word === undefined) {
    const names = actionsOf(ruleSet).map((keyword) => keyword.name);
    ctx.alerts.alert(
      `'${ruleSet}' expects an action, but the line ends here.`,
      cursor.words.at(-1),
      `Allowed: ${names.join(', ')}.`,
    );
    return undefined;
  }
  cursor.position++;
  const found = findAction(ruleSet, word.text);
  if (found === undefined) {
    refuse(ruleSet, word, ctx);
    cursor.position = cursor.words.length;
    return undefined;
  }
  const { keyword, inner } = found;
  const action = keyword.parse({ ruleSet, cursor, ctx, word, inner });
  if (action === undefined) {
    cursor.position = cursor.words.length;
    return undefined;
  }
  return finish(ruleSet, keyword, { place: ctx.place, action, condition: undefined }, cursor, ctx);
}

function finish(
  ruleSet: RuleSet,
  keyword: ActionKeyword,
  rule: Rule,
  cursor: WordCursor,
  ctx: RuleContext,
): Rule | undefined {
  const next = cursor.words[cursor.position];
  if (next === undefined) return rule;
  if (next.text !== 'if' && next.text !== 'unless') {
    ctx.alerts.alert(
      `'${ruleSet} ${keyword.name}' expects 'if' or 'unless' here, not '${next.text}'.`,
      next,
      `Write: ${ruleSet} ${keyword.name} ${keyword.usage} [ { if | unless } <condition> ]`,
    );
    cursor.position = cursor.words.length;
    return undefined;
  }
  const condition = parseCondition(cursor, ctx);
  return condition === undefined ? undefined : { ...rule, condition };
}
