/** `global`: what is left behind when the process dies, and how early a fault is noticed. None of these is HAProxy's. */
import { type Argument, onOff, time, word } from '../config/argument.ts';
import { type Keyword, keyword } from '../config/keyword.ts';
import type { GlobalSection } from './global.ts';

function kept(name: string, argument: Argument<unknown>): Keyword<GlobalSection> {
  return keyword<GlobalSection, readonly [Argument<unknown>]>({
    name,
    args: [argument],
    parse({ target }, value) {
      target.settings.settings.set(name, [String(value)]);
    },
  });
}

export const crashKeywords: readonly Keyword<GlobalSection>[] = [
  kept('crash-dir', word('<directory>')),
  kept('guard-pages', onOff()),
  kept('stuck-thread-after', time('<time>')),
];
