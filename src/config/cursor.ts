/** The words of one line under a reading position. One is made for each line; it owns only the position. */
import type { Alerts, Place, Word, WordCursor } from './place.ts';

export class Cursor implements WordCursor {
  readonly place: Place;
  readonly words: readonly Word[];
  readonly alerts: Alerts;
  position: number;

  constructor(place: Place, words: readonly Word[], alerts: Alerts, position = 0) {
    this.place = place;
    this.words = words;
    this.alerts = alerts;
    this.position = position;
  }

  peek(): string | undefined {
    return this.words[this.position]?.text;
  }

  next(): string | undefined {
    const word = this.words[this.position];
    if (word !== undefined) this.position++;
    return word?.text;
  }
}

/** The next word itself, for a caret under it; the last word of the line once all are taken. */
export function wordAt(cursor: WordCursor): Word | undefined {
  return cursor.words[cursor.position] ?? cursor.words.at(-1);
}

/** The texts that are left, all taken. */
export function restOf(cursor: WordCursor): string[] {
  const rest = cursor.words.slice(cursor.position).map((word) => word.text);
  cursor.position = cursor.words.length;
  return rest;
}
