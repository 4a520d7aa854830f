/** How the runtime API sees a criterion that matches against a list: what may be added, what a sample would match. */
import type { PatternUser } from '../model/pattern-list.ts';
import type { SampleValue } from '../model/rules.ts';
import type { MatchMethod } from '../pattern/methods.ts';

/** A sample as a command spells it, for the methods that want something else than text. */
export type ReadSample = (text: string) => SampleValue | undefined;

function ignore(): void {}

export function patternUser(
  matcher: { changed(): void },
  method: MatchMethod,
  isInsensitive: boolean,
  readSample: ReadSample,
): PatternUser {
  return {
    method: method.name,
    isInsensitive,
    fault(text) {
      let fault = '';
      method.build([text], isInsensitive, (_, message) => {
        fault = message;
      });
      return fault;
    },
    find(texts, sample) {
      const value = readSample(sample);
      if (value === undefined) return undefined;
      return texts.find((text) => method.build([text], isInsensitive, ignore)(value));
    },
    changed: () => matcher.changed(),
  };
}
