/**
 * Timers on a machine that has other work: a scenario that went as it should but for its timers is played again, alone,
 * a few times. Load only ever adds time now and then; a timer that is wrong is wrong each time. Everything else that a
 * line says has to be right at the first play.
 */
import { allDifferences } from './log-line.ts';
import type { Scenario } from './scenario.ts';
import { type Played, playAll, type Recorded } from './stage.ts';

const PLAYS_MORE = 3;
const TIMERS = /^line \d+: timers are /;

/** Plays <scenarios>, those of which only the timers differ from <recording> once more and once more. */
export async function playCalmly(
  scenarios: readonly Scenario[],
  recording: Recorded,
  program?: string,
): Promise<Played> {
  const played = await playAll(scenarios, program);
  const isDisturbed = ({ name }: Scenario): boolean => {
    const faults = allDifferences(played.lines[name]!, recording[name] ?? [], played.lateMs[name]);
    return faults.length > 0 && faults.every((fault) => TIMERS.test(fault));
  };
  for (let i = 0; i < PLAYS_MORE; i++) {
    const disturbed = scenarios.filter(isDisturbed);
    if (disturbed.length === 0) break;
    const again = await playAll(disturbed, program);
    Object.assign(played.lines, again.lines);
    Object.assign(played.lateMs, again.lateMs);
  }
  return played;
}
