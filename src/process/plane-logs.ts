/** What the data path needs of the log room: the default format of a proxy, the header of a line, its way to the engine's ring. */
import type { Engine } from '../model/boundary.ts';
import type { Configuration } from '../model/configuration.ts';
import type { LogFormat } from '../model/rules.ts';
import type { PlaneLogs } from '../stream/plane.ts';

const EMPTY: LogFormat = { source: '', build: () => '', constant: '' };

export function createPlaneLogs(_configuration: Configuration): PlaneLogs {
  return {
    defaultFormat: () => EMPTY,
    write: (engine: Engine, line, _level, text) => engine.log(line.target, text),
    onPolicyError: (text, error) => process.stderr.write(`${text}\n${error instanceof Error ? error.stack : ''}\n`),
  };
}
