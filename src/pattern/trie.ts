/** Hot path. A tree of characters for lists of many prefixes, suffixes or words: one walk over the subject, whatever the number
 * of patterns, and no allocation. Built when the configuration is read, never changed afterwards.
 */

interface TrieBranch {
  next: Map<number, TrieBranch> | undefined;
  isEnd: boolean;
}

export class Trie {
  private readonly root: TrieBranch = { next: undefined, isEnd: false };

  add(text: string): void {
    let branch = this.root;
    for (let i = 0; i < text.length; i++) {
      branch.next ??= new Map();
      let next = branch.next.get(text.charCodeAt(i));
      if (next === undefined) {
        next = { next: undefined, isEnd: false };
        branch.next.set(text.charCodeAt(i), next);
      }
      branch = next;
    }
    branch.isEnd = true;
  }

  /** True when a pattern begins at <at>. */
  startsAt(subject: string, at: number): boolean {
    let branch: TrieBranch | undefined = this.root;
    for (let i = at; ; i++) {
      if (branch.isEnd) return true;
      if (i >= subject.length || branch.next === undefined) return false;
      branch = branch.next.get(subject.charCodeAt(i));
      if (branch === undefined) return false;
    }
  }

  /** For tries of reversed patterns: true when one of them ends the subject. */
  endsWith(subject: string): boolean {
    let branch: TrieBranch | undefined = this.root;
    for (let i = subject.length - 1; ; i--) {
      if (branch.isEnd) return true;
      if (i < 0 || branch.next === undefined) return false;
      branch = branch.next.get(subject.charCodeAt(i));
      if (branch === undefined) return false;
    }
  }

  /** True when a pattern begins at <at> and ends before a delimiter or at the subject's end. */
  wordAt(subject: string, at: number, delimiters: string): boolean {
    let branch: TrieBranch | undefined = this.root;
    for (let i = at; ; i++) {
      if (branch.isEnd && (i >= subject.length || delimiters.includes(subject.charAt(i)))) return true;
      if (i >= subject.length || branch.next === undefined) return false;
      branch = branch.next.get(subject.charCodeAt(i));
      if (branch === undefined) return false;
    }
  }
}
