/** Where something stands in a configuration, and how a parser says that it is wrong. Alerts are collected, never thrown. */

/** A line of a file; `file` as HAProxy shows it (the name given after -f). */
export interface Place {
  readonly file: string;
  readonly line: number;
}

/** A word of a line after quotes, escapes and variables are resolved; `column` (0-based) is where it began, for the caret. */
export interface Word {
  readonly text: string;
  readonly column: number;
}

/** Says what is wrong. `at` is a word (caret under it) or nothing (the whole line); `advice` is what to do about it. */
export interface Alerts {
  alert(message: string, at?: Word, advice?: string): void;
  warning(message: string, at?: Word, advice?: string): void;
  notice(message: string, at?: Word, advice?: string): void;
  diag(message: string, at?: Word, advice?: string): void;
}

/** The words of one line under a reading position: what every keyword's parser is given. */
export interface WordCursor {
  readonly place: Place;
  readonly words: readonly Word[];
  /** Index of the next word. */
  position: number;
  /** The next word's text without taking it; undefined at the end. */
  peek(): string | undefined;
  next(): string | undefined;
  readonly alerts: Alerts;
}
