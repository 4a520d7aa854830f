/** Where a proxy keyword may stand, and what is said where it may not: HAProxy ignores most with a warning, refuses some. */

import type { Argument } from '../config/argument.ts';
import type { Declaration, Keyword, Statement } from '../config/keyword.ts';
import { keyword } from '../config/keyword.ts';
import type { Word } from '../config/place.ts';
import { calledProxy, type ProxySection } from './proxy-section.ts';

export interface Traits {
  /** The capability it needs; 'any' by default. */
  readonly needs?: 'frontend' | 'backend' | 'any';
  /** In `defaults`: allowed (by default), only in a named one, or never. */
  readonly defaults?: 'yes' | 'named' | 'no';
  /** Without the capability: ignored with a warning (by default), or an error. */
  readonly otherwise?: 'ignore' | 'refuse';
  /** Without effect in mode tcp. */
  readonly isHttp?: boolean;
  /** Kept for old configurations: never suggested. */
  readonly isObsolete?: boolean;
}

/** True when the keyword has effect in this section; says why when not. */
export function hasEffect(statement: Statement<ProxySection>, traits: Traits, name: string): boolean {
  const { target, cursor } = statement;
  const at = cursor.words[0] as Word;
  const { needs = 'any', defaults = 'yes', otherwise = 'ignore' } = traits;
  if (target.kind === 'defaults') {
    if (defaults === 'yes' || (defaults === 'named' && !target.isAnonymous)) return true;
    const which = defaults === 'named' ? "anonymous 'defaults'" : "'defaults'";
    const advice =
      defaults === 'named'
        ? 'Give the section a name, and let proxies take it with "from <name>".'
        : 'Write it in a frontend, backend or listen section.';
    cursor.alerts.alert(`'${name}' not allowed in ${which} section.`, at, advice);
    return false;
  }
  const { proxy } = target;
  if (needs === 'any' || (needs === 'frontend' ? proxy.isFrontend : proxy.isBackend)) return true;
  const why = `because ${calledProxy(proxy)} has no ${needs} capability.`;
  if (otherwise === 'refuse') {
    cursor.alerts.alert(`'${name}' not allowed ${why}`, at, `Move it to a ${needs} or listen section.`);
  } else {
    cursor.alerts.warning(`'${name}' ignored ${why}`, at, `Move it to a ${needs} or listen section.`);
  }
  return false;
}

/** A keyword of the proxy sections. */
export function proxyKeyword<const Args extends readonly Argument<unknown>[]>(
  declaration: Omit<Declaration<ProxySection, Args>, 'traits'> & { readonly traits?: Traits },
): Keyword<ProxySection> {
  const made = keyword<ProxySection, Args>({
    ...declaration,
    traits: { ...declaration.traits },
  } as Declaration<ProxySection, Args>);
  const traits = declaration.traits ?? {};
  return {
    ...made,
    run(statement) {
      if (hasEffect(statement, traits, declaration.name)) made.run(statement);
    },
  };
}
