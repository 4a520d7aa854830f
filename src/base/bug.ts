/** What cannot happen: stops at the place where it did, with words for the crash record. Never for a user's mistake or a
 * peer's bytes. */

export class Bug extends Error {
  override name = 'Bug';
}

/** Throws when <condition> is true; <what> says what was believed to hold. */
export function bug(condition: boolean, what: string): asserts condition is false {
  if (condition) throw new Bug(what);
}

/** For the end of an exhaustive switch. */
export function unreachable(value: never): never {
  throw new Bug(`unexpected ${String(value)}`);
}
