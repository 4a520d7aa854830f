/** Hot path. Matchers of strings: exact, prefix, suffix, substring, path component, domain component, length, regex. Each
 * builder gets the whole list at configuration time and returns one function for it; short lists are compared one by
 * one, long ones through a hash or a trie. Ignoring case folds the patterns once and the subject per call.
 */
import { asciiLower } from './ascii.ts';
import { Regex } from './regex.ts';
import { Trie } from './trie.ts';

export type StringMatcher = (subject: string) => boolean;

/** Up to so many patterns are tried one after another; more get an index. Chosen, not measured. */
const LOOP_MAX_PATTERNS = 4;

/** Folds the patterns once, when the configuration is read. */
function folded(patterns: readonly string[], insensitive: boolean, build: (list: string[]) => StringMatcher) {
  if (!insensitive) return build([...patterns]);
  const match = build(patterns.map(asciiLower));
  return (subject: string): boolean => match(asciiLower(subject));
}

function anyOf(
  patterns: readonly string[],
  test: (subject: string, pattern: string) => boolean,
): StringMatcher {
  const first = patterns[0] as string;
  if (patterns.length === 1) return (subject) => test(subject, first);
  return (subject) => {
    for (let i = 0; i < patterns.length; i++) if (test(subject, patterns[i] as string)) return true;
    return false;
  };
}

/** Made when the configuration is read. */
function trieOf(patterns: readonly string[], reversed: boolean): Trie {
  const trie = new Trie();
  for (const pattern of patterns) trie.add(reversed ? [...pattern].reverse().join('') : pattern);
  return trie;
}

/** True when the subject is one of <patterns>. */
export function matchExact(patterns: readonly string[], insensitive: boolean): StringMatcher {
  return folded(patterns, insensitive, (list) => {
    if (list.length <= LOOP_MAX_PATTERNS) return anyOf(list, (subject, pattern) => subject === pattern);
    const set = new Set(list);
    return (subject) => set.has(subject);
  });
}

/** True when it begins with one. */
export function matchPrefix(patterns: readonly string[], insensitive: boolean): StringMatcher {
  return folded(patterns, insensitive, (list) => {
    if (list.length <= LOOP_MAX_PATTERNS)
      return anyOf(list, (subject, pattern) => subject.startsWith(pattern));
    const trie = trieOf(list, false);
    return (subject) => trie.startsAt(subject, 0);
  });
}

/** True when it ends with one. */
export function matchSuffix(patterns: readonly string[], insensitive: boolean): StringMatcher {
  return folded(patterns, insensitive, (list) => {
    if (list.length <= LOOP_MAX_PATTERNS) return anyOf(list, (subject, pattern) => subject.endsWith(pattern));
    const trie = trieOf(list, true);
    return (subject) => trie.endsWith(subject);
  });
}

/** True when it holds one. */
export function matchSubstring(patterns: readonly string[], insensitive: boolean): StringMatcher {
  return folded(patterns, insensitive, (list) => {
    if (list.length <= LOOP_MAX_PATTERNS) return anyOf(list, (subject, pattern) => subject.includes(pattern));
    const trie = trieOf(list, false);
    return (subject) => {
      for (let i = 0; i < subject.length; i++) if (trie.startsAt(subject, i)) return true;
      return false;
    };
  });
}

export const DIR_DELIMITERS = '/?';
export const DOM_DELIMITERS = '/?.:';

/** Whole components between delimiters; delimiters around a pattern do not count. */
export function matchWord(
  patterns: readonly string[],
  insensitive: boolean,
  delimiters: string,
): StringMatcher {
  return folded(patterns, insensitive, (list) => {
    const trie = new Trie();
    for (const pattern of list) trie.add(trimmed(pattern, delimiters));
    return (subject) => {
      let mayMatch = true;
      for (let i = 0; i < subject.length; i++) {
        if (delimiters.includes(subject.charAt(i))) {
          mayMatch = true;
          continue;
        }
        if (!mayMatch) continue;
        if (trie.wordAt(subject, i, delimiters)) return true;
        mayMatch = false;
      }
      return false;
    };
  });
}

function trimmed(pattern: string, delimiters: string): string {
  let start = 0;
  let end = pattern.length;
  while (start < end && delimiters.includes(pattern.charAt(start))) start++;
  while (end > start && delimiters.includes(pattern.charAt(end - 1))) end--;
  return pattern.slice(start, end);
}

/** Made when the configuration is read; throws RegexError for a pattern that is wrong or cannot be translated. */
export function matchRegex(patterns: readonly string[], insensitive: boolean): StringMatcher {
  const list = patterns.map((pattern) => new Regex(pattern, insensitive));
  const first = list[0] as Regex;
  if (list.length === 1) return (subject) => first.test(subject);
  return (subject) => {
    for (let i = 0; i < list.length; i++) if ((list[i] as Regex).test(subject)) return true;
    return false;
  };
}

const METHODS = new Set(['OPTIONS', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'TRACE', 'CONNECT']);

/** The `method` acl, made when the configuration is read: names of known methods are case-sensitive even when case is ignored. */
export function matchMethod(patterns: readonly string[], insensitive: boolean): StringMatcher {
  const exact = new Set(patterns);
  if (!insensitive) return (subject) => exact.has(subject);
  const others = new Set(patterns.filter((name) => !METHODS.has(name)).map(asciiLower));
  return (subject) => (METHODS.has(subject) ? exact.has(subject) : others.has(asciiLower(subject)));
}
