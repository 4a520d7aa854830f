/** What the data path needs of the log room: the format of a proxy that names none, the header of a line and its way to the
 * engine's ring. One per data plane.
 */
import { namedLogFormats } from '../log/formats.ts';
import { LogWriter } from '../log/syslog.ts';
import type { Configuration } from '../model/configuration.ts';
import type { PlaneLogs } from '../stream/plane.ts';

function stackOf(error: unknown): string {
  return error instanceof Error && error.stack !== undefined ? `${error.stack}\n` : '';
}

export function createPlaneLogs(configuration: Configuration): PlaneLogs {
  const writer = new LogWriter(configuration);
  return {
    defaultFormat: namedLogFormats(configuration),
    write: (engine, line, level, text, proxy) => writer.write(engine, line, level, text, proxy),
    // stderr too: an exception in policy is a bug, and there may be no log line to say so.
    onPolicyError: (text, error) => process.stderr.write(`${text}\n${stackOf(error)}`),
  };
}
