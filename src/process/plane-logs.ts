/** What the data path needs of the log room: the default format of a proxy, the header of a line, its way to the engine's ring. */

import { namedLogFormats } from '../log/formats.ts';
import { LogWriter } from '../log/syslog.ts';
import type { Configuration } from '../model/configuration.ts';
import type { PlaneLogs } from '../stream/plane.ts';

export function createPlaneLogs(configuration: Configuration): PlaneLogs {
  const writer = new LogWriter(configuration);
  return {
    defaultFormat: namedLogFormats(configuration),
    write: (engine, line, level, text, proxy) => writer.write(engine, line, level, text, proxy),
    onPolicyError: (text, error) =>
      process.stderr.write(`${text}\n${error instanceof Error ? error.stack : ''}\n`),
  };
}
