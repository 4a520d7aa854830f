/** The word somebody probably meant: the known one at the least edit distance, when it is near enough to be a slip. */

/** Longer words are not compared: the work is their product. */
const WORD_CHARS_MAX = 64;

/** Insertions, deletions, replacements and swaps of neighbours that make <a> of <b> (optimal string alignment). */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let before: number[] = [];
  let last: number[] = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(
        (last[j] as number) + 1,
        (row[j - 1] as number) + 1,
        (last[j - 1] as number) + (same ? 0 : 1),
      );
      if (!same && i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (before[j - 2] as number) + 1);
      }
      row.push(cost);
      if (cost < least) least = cost;
    }
    if (least > limit) return limit + 1;
    before = last;
    last = row;
  }
  return last[b.length] as number;
}

/** The nearest of <known> to <word>, or undefined when none is within a third of its letters. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  if (word.length > WORD_CHARS_MAX) return undefined;
  const wanted = word.toLowerCase();
  let limit = Math.max(1, Math.floor(word.length / 3));
  let best: string | undefined;
  for (const candidate of known) {
    if (candidate.length > WORD_CHARS_MAX) continue;
    const steps = distance(wanted, candidate.toLowerCase(), limit);
    if (steps <= limit && candidate !== word) {
      best = candidate;
      limit = steps - 1;
      if (limit < 0) break;
    }
  }
  return best;
}

/** `; did you mean 'x' maybe?`, or ''. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const meant = nearest(word, known);
  return meant === undefined ? '' : `; did you mean '${meant}' maybe?`;
}
