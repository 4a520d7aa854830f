/** All actions. A new family adds its line here. */
import type { RuleSet } from '../model/rules.ts';
import { answerActions } from './answer.ts';
import { connectionActions } from './connection.ts';
import type { ActionKeyword } from './declare.ts';
import { flowActions } from './flow.ts';
import { headerActions } from './header.ts';
import { redirectActions } from './redirect.ts';
import { targetActions } from './target.ts';
import { variableActions } from './variable.ts';

export const actions: readonly ActionKeyword[] = [
  ...answerActions,
  ...connectionActions,
  ...flowActions,
  ...headerActions,
  ...redirectActions,
  ...targetActions,
  ...variableActions,
];

/** Asked for with every rule: put together once. */
const inOrder = new Map<RuleSet, readonly ActionKeyword[]>();

/** The actions of one rule set, in the order of the alphabet, as `-dK` lists them. */
export function actionsOf(ruleSet: RuleSet): readonly ActionKeyword[] {
  let found = inOrder.get(ruleSet);
  if (found === undefined) {
    found = actions
      .filter((keyword) => keyword.from.includes(ruleSet))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    inOrder.set(ruleSet, found);
  }
  return found;
}
