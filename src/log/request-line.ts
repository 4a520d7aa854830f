/** Hot path. The request line as the log shows it: what was received, before any rule changed it. */
import type { Stream } from '../model/stream.ts';
import { pathOf } from '../sample/target.ts';

/** `tune.http.logurilen`: longer request lines are cut to one byte less. */
export const LOG_URI_DEFAULT_BYTES = 1024;
const BAD = '<BADREQ>';

/** The line, or <BADREQ> when none was understood. */
export function requestLine(stream: Stream, mostBytes: number): string {
  if (stream.request.version === 0) return BAD;
  const line = stream.request.startLine;
  return line.length < mostBytes ? line : line.substring(0, mostBytes - 1);
}

export function lineMethod(line: string): string {
  const space = line.indexOf(' ');
  return space < 0 ? BAD : line.substring(0, space);
}

/** The target, which ends at the next blank. */
export function lineUri(line: string): string {
  const space = line.indexOf(' ');
  if (space < 0) return BAD;
  const end = line.indexOf(' ', space + 1);
  return line.substring(space + 1, end < 0 ? line.length : end);
}

export function linePath(line: string): string {
  const uri = lineUri(line);
  const query = uri.indexOf('?');
  return query < 0 ? uri : uri.substring(0, query);
}

/** Without scheme and host as well. */
export function linePathOnly(line: string): string {
  const uri = lineUri(line);
  return uri === BAD ? BAD : (pathOf(uri) ?? '');
}

/** With its question mark, '' without one. */
export function lineQuery(line: string): string {
  if (line === BAD) return BAD;
  const uri = lineUri(line);
  const query = uri.indexOf('?');
  return query < 0 ? '' : uri.substring(query);
}

export function lineVersion(line: string): string {
  const space = line.indexOf(' ');
  if (space < 0) return BAD;
  const end = line.indexOf(' ', space + 1);
  return end < 0 ? 'HTTP/0.9' : line.substring(end + 1);
}
