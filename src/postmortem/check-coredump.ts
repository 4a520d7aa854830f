/** `sluice check-coredump [<pid>]`: says whether a crash would leave a core file, of a process started here or of one that runs, and
 * for everything that is in the way what to do about it. Exit code 0: a core would be written.
 */
import { type Finding, judgeCore } from './core-checks.ts';
import { readCoreFacts } from './core-facts.ts';
import { print } from './print.ts';

const USAGE = `Usage : sluice check-coredump [--quiet] [<pid>]
        Says whether a crash leaves a core file: of a process started here, or of <pid>.
        --quiet names only what is in the way.
`;

const MARKS: Readonly<Record<Finding['rank'], string>> = { good: 'ok', weak: 'weak', bad: 'BAD' };
const SUBJECT_COLUMNS = 14;
const MARK_COLUMNS = 6;

/** One finding as lines of text. */
export function renderFinding({ subject, rank, text, fix }: Finding): string {
  const margin = ' '.repeat(MARK_COLUMNS + SUBJECT_COLUMNS);
  const lines = fix === '' ? [] : fix.split('\n').map((line) => `${margin}  ${line}\n`);
  return `${MARKS[rank].padEnd(MARK_COLUMNS)}${subject.padEnd(SUBJECT_COLUMNS)}${text}\n${lines.join('')}`;
}

/** What all findings together mean. */
export function renderSummary(findings: readonly Finding[]): string {
  const bad = findings.filter((one) => one.rank === 'bad').length;
  if (bad > 0)
    return `A crash would leave no core: ${bad === 1 ? 'one thing is' : `${bad} things are`} in the way.\n`;
  const weak = findings.some((one) => one.rank === 'weak');
  return weak ? 'A crash would leave a core; see what is weak.\n' : 'A crash would leave a core.\n';
}

export function checkCoredump(words: readonly string[]): number {
  const isQuiet = words.includes('--quiet');
  const rest = words.filter((word) => word !== '--quiet');
  if (rest.length > 1 || (rest[0] !== undefined && !/^\d{1,10}$/.test(rest[0]))) {
    print(2, USAGE);
    return 2;
  }
  const findings = judgeCore(readCoreFacts(rest[0] === undefined ? undefined : Number(rest[0])));
  const shown = isQuiet ? findings.filter((one) => one.rank !== 'good') : findings;
  print(
    1,
    shown.map(renderFinding).join('') + (isQuiet && shown.length === 0 ? '' : renderSummary(findings)),
  );
  return findings.some((one) => one.rank === 'bad') ? 1 : 0;
}
