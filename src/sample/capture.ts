/** Hot path. Capture slots: texts of the request and the response that the log line shows between braces. The frontend declares them
 * with their lengths; a text is cut to its slot's.
 */
import type { Stream } from '../model/stream.ts';

/** Puts <text> into a request slot and returns it as captured; undefined: there is no such slot. */
export function captureRequest(stream: Stream, slot: number, text: string): string | undefined {
  const capture = stream.frontend.requestCaptures[slot];
  if (capture === undefined) return undefined;
  const kept = text.length > capture.length ? text.substring(0, capture.length) : text;
  stream.requestCaptures ??= [];
  stream.requestCaptures[slot] = kept;
  return kept;
}

export function captureResponse(stream: Stream, slot: number, text: string): string | undefined {
  const capture = stream.frontend.responseCaptures[slot];
  if (capture === undefined) return undefined;
  const kept = text.length > capture.length ? text.substring(0, capture.length) : text;
  stream.responseCaptures ??= [];
  stream.responseCaptures[slot] = kept;
  return kept;
}
