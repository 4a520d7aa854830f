/** Places and alerts belong to the language (src/config); the nouns use them under the same names. */
export type { Alerts, Place, Word, WordCursor } from '../config/place.ts';
