/** What main asks a data thread while it runs, and the answers: made between batches on the thread that owns the data plane, by a
 * message for a thread of its own, by a call when main is the data plane.
 */
import type { PatternChange } from '../model/pattern-list.ts';
import type { StreamChoice } from '../model/stream-facts.ts';
import type { Plane } from '../stream/plane.ts';
import { listStreams, type StreamPiece, shutStreams } from '../stream/stream-list.ts';

export type Question =
  | { readonly what: 'streams'; readonly from: number }
  | { readonly what: 'shut'; readonly choice: StreamChoice }
  /** <list>: index in `Configuration.patternLists.all`. */
  | { readonly what: 'patterns'; readonly list: number; readonly change: PatternChange };

export type Reply =
  | { readonly what: 'streams'; readonly piece: StreamPiece }
  | { readonly what: 'shut'; readonly count: number }
  | { readonly what: 'patterns'; readonly isDone: boolean };

/** The engines' clock. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}

export function answerQuestion(plane: Plane, question: Question): Reply {
  switch (question.what) {
    case 'streams':
      return { what: 'streams', piece: listStreams(plane, question.from, monotonicMs()) };
    case 'patterns': {
      const list = plane.configuration.patternLists.all[question.list];
      return { what: 'patterns', isDone: list?.apply(question.change) ?? false };
    }
    default:
      return { what: 'shut', count: shutStreams(plane, question.choice) };
  }
}
