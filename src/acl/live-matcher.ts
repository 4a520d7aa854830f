/** Hot path. The matcher of a criterion over lists of patterns that may change: one call more than a fixed one costs. After a change it
 * is built anew with the first sample that comes.
 */
import type { PatternList } from '../model/pattern-list.ts';
import type { Matcher, MatchMethod } from '../pattern/methods.ts';
import { patternUser, type ReadSample } from './pattern-user.ts';

export interface PatternSource {
  readonly list: PatternList;
  readonly insensitive: boolean;
}

function ignore(): void {}

export class LiveMatcher {
  readonly matches: Matcher = (value) => this.current(value);
  private current: Matcher;
  private readonly method: MatchMethod;
  private readonly sources: readonly PatternSource[];
  private readonly rebuild: Matcher = (value) => {
    this.current = this.build();
    return this.current(value);
  };

  /** <first>: the matcher for the patterns as they are now, whose faults were said. */
  constructor(
    method: MatchMethod,
    sources: readonly PatternSource[],
    first: Matcher,
    readSample: ReadSample,
  ) {
    this.method = method;
    this.sources = sources;
    this.current = first;
    for (const { list, insensitive } of sources) {
      list.users.push(patternUser(this, method, insensitive, readSample));
    }
  }

  private build(): Matcher {
    const matchers: Matcher[] = [];
    for (const { list, insensitive } of this.sources) {
      if (list.entries.length > 0) matchers.push(this.method.build(list.texts, insensitive, ignore));
    }
    const first = matchers[0];
    if (first === undefined) return this.method.build([], false, ignore);
    if (matchers.length === 1) return first;
    return (value) => {
      for (const matches of matchers) if (matches(value)) return true;
      return false;
    };
  }

  /** The patterns are others now. */
  changed(): void {
    this.current = this.rebuild;
  }
}
