/** Hot path. The log line of a stream: whether it is logged and at which level is decided here, its text is the frontend's log format,
 * its header and its way out are src/log's (given to the plane as `writeLog`).
 */
import { handshakeLine } from '../log/handshake.ts';
import { COUNT_EINT } from '../model/counters.ts';
import { isSilent } from '../model/handshake-errors.ts';
import type { LogLine } from '../model/proxy.ts';
import * as abi from '../native/abi.ts';
import type { DataStream } from './data-stream.ts';
import type { Plane } from './plane.ts';

/** syslog levels. */
export const LEVEL_ERROR = 3;
export const LEVEL_INFO = 6;
/** `set-log-level silent`. */
export const LEVEL_SILENT = -1;

/** Where the policy of a stream failed, for the log: the keyword's name and place. */
function failurePlace(stream: DataStream | undefined): string {
  const rule = stream?.rule;
  if (rule === undefined) return `step ${stream?.step ?? 'none'}`;
  return `'${rule.action.name}' at ${rule.place.file}:${rule.place.line}`;
}

/** HAProxy's notion of an error: anything but a normal end or an answer of our own, retries, 5xx. */
function isError(stream: DataStream, status: number): boolean {
  if (stream.redispatched) return true;
  const who = stream.termination.charCodeAt(0);
  if (who === 0x2d) return stream.retries > 0 || status >= 500;
  return who !== 0x4c || status >= 500;
}

function writeAll(
  plane: Plane,
  stream: DataStream,
  lines: readonly LogLine[],
  level: number,
  text: string,
): void {
  const proxy = stream.frontend;
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as LogLine;
    if (level > line.maxLevel) continue;
    plane.writeLog(line, Math.max(level, line.minLevel), text, proxy);
  }
}

/** A proxy without a log format says only who connected, and says it at once. */
export function logConnect(plane: Plane, stream: DataStream): void {
  const plan = stream.frontendPlan;
  const lines = plan.proxy.logs;
  if (lines.length === 0) return;
  writeAll(plane, stream, lines, LEVEL_INFO, plan.logFormat.build(stream));
}

function hasNoBytes({ end, endOffset }: DataStream): boolean {
  return (
    end !== undefined && end[endOffset + abi.X_BYTES_IN_LO] === 0 && end[endOffset + abi.X_BYTES_IN_HI] === 0
  );
}

export function logStream(plane: Plane, stream: DataStream, status: number): void {
  const plan = stream.frontendPlan;
  const lines = plan.proxy.logs;
  if (lines.length === 0 || plan.logsConnect) return;
  if (plan.skipsNullLog && hasNoBytes(stream)) return;
  const failed = isError(stream, status);
  if (!failed && plan.skipsNormalLog) return;
  let level = failed && plan.separatesErrors ? LEVEL_ERROR : LEVEL_INFO;
  if (stream.logLevel !== undefined) {
    if (stream.logLevel === LEVEL_SILENT) return;
    level = stream.logLevel;
  }
  const format = failed ? plan.errorLogFormat : plan.logFormat;
  writeAll(plane, stream, lines, level, format.build(stream));
}

/** A client connection from which no PROXY header came. <seconds> and <millis> say when it was accepted. */
export function logHandshake(plane: Plane, stream: DataStream, seconds: number, millis: number): void {
  const { proxy, separatesErrors, errorLogFormat } = stream.frontendPlan;
  if (proxy.logs.length === 0) return;
  if (proxy.options.has('dontlognull') && isSilent(stream.session.handshakeError)) return;
  const text =
    proxy.errorLogFormat === undefined
      ? handshakeLine(stream, seconds, millis)
      : errorLogFormat.build(stream);
  writeAll(plane, stream, proxy.logs, separatesErrors ? LEVEL_ERROR : LEVEL_INFO, text);
}

/** Says where policy threw. */
export function logPolicyError(plane: Plane, stream: DataStream | undefined, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  const text = `Policy failed in ${failurePlace(stream)}: ${message.replaceAll(/[\r\n]+/g, ' ')}`;
  plane.onPolicyError(text, error);
  if (stream === undefined) return;
  plane.count(stream.frontendPlan.frontendCounters + COUNT_EINT, 1);
  try {
    writeAll(plane, stream, stream.frontendPlan.proxy.logs, LEVEL_ERROR, text);
  } catch {
    // The batch has no room for another line, which may be what failed: it was said on stderr.
  }
}
