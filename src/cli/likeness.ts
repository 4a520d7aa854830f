/** How alike two commands look: the difference of how often each pair of neighbouring characters stands in them. HAProxy proposes by
 * the same measure, so the same slips bring the same proposals.
 */

const EDGE = 28;
const DIGIT = 27;
/** Rows are the character before, columns the one behind; row 0 marks presence. */
const SIDE = 32;

function classOf(code: number): number {
  if (code >= 65 && code <= 90) return code - 64;
  if (code >= 97 && code <= 122) return code - 96;
  return code >= 48 && code <= 57 ? DIGIT : EDGE;
}

/** The fingerprint of <words> together. */
export function fingerprint(words: readonly string[]): Uint8Array {
  const counts = new Uint8Array(SIDE * SIDE);
  const add = (at: number) => {
    counts[at] = (counts[at] as number) + 1;
  };
  for (const word of words) {
    let before = EDGE;
    for (let at = 0; at < word.length; at++) {
      const here = classOf(word.charCodeAt(at));
      counts[here] = 1;
      add(SIDE * before + here);
      before = here;
    }
    add(SIDE * before + EDGE);
  }
  return counts;
}

export function distance(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += Math.abs((a[at] as number) - (b[at] as number));
  return sum;
}
