/** State of servers over restarts and reloads: which files are read at a start, what a reload keeps. Read by src/process and src/state.
 */
import { customOrNothing, oneOf, word } from '../config/argument.ts';
import { type Keyword, keyword } from '../config/keyword.ts';
import type { GlobalSection } from './global.ts';
import type { ProxySection } from './proxy-section.ts';
import { proxyKeyword } from './traits.ts';

/** What `reload-state` may name; src/state has a section for each. */
export const STATE_SECTIONS = ['servers', 'frontends', 'limits', 'compression', 'counters'] as const;
const STATE_WORDS: readonly string[] = [...STATE_SECTIONS, 'all', 'none'];

function path(name: string, usage: string): Keyword<GlobalSection> {
  return keyword({
    name,
    args: [word(usage)],
    parse({ target }, value) {
      target.settings.settings.set(name, [value]);
    },
  });
}

export const stateGlobalKeywords: readonly Keyword<GlobalSection>[] = [
  path('server-state-file', '<file>'),
  path('server-state-base', '<directory>'),
  keyword({
    name: 'reload-state',
    args: [customOrNothing('{ all | none | <section>... }')],
    parse({ target, cursor }) {
      const words = cursor.words.slice(1);
      cursor.position = cursor.words.length;
      const allowed = `Allowed: ${STATE_WORDS.join(', ')}.`;
      if (words.length === 0) {
        cursor.alerts.alert("'reload-state' expects what a reload keeps.", cursor.words[0], allowed);
      }
      for (const at of words) {
        if (!STATE_WORDS.includes(at.text)) {
          cursor.alerts.alert(`'reload-state' does not know '${at.text}'.`, at, allowed);
        }
      }
      target.settings.settings.set(
        'reload-state',
        words.map(({ text }) => text),
      );
    },
  }),
];

export const stateProxyKeywords: readonly Keyword<ProxySection>[] = [
  proxyKeyword({
    name: 'load-server-state-from-file',
    args: [oneOf('global', 'local', 'none')],
    traits: { needs: 'backend' },
    parse({ target }, from) {
      target.proxy.settings.set('load-server-state-from-file', [from]);
    },
  }),
  proxyKeyword({
    name: 'server-state-file-name',
    args: [customOrNothing('[use-backend-name|<file>]')],
    traits: { needs: 'backend', defaults: 'no' },
    parse({ target, cursor }) {
      target.proxy.settings.set('server-state-file-name', [cursor.words[1]?.text ?? 'use-backend-name']);
      cursor.position = cursor.words.length;
    },
  }),
];
