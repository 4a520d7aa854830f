/** `sluice postmortem <core | report | pid> …`: which request, backend and encoder were at work, first of all; then what that rests on.
 */
import { renderCommon } from './common.ts';
import { stackOf } from './debugger.ts';
import { type Examination, examineCore, examineProcess } from './examine.ts';
import { print } from './print.ts';
import { renderExamination } from './render.ts';

const USAGE = `Usage : sluice postmortem [--json] [--no-stack] <core | report>...
        sluice postmortem [--json] [--stack] <pid>
        Says which request, backend and encoder were at work when a worker died. Several cores: what they have in common.
        A live process is not stopped, unless --stack asks for its stack: then for as long as gdb needs.
`;
/** Examined at once. */
const SUBJECTS_MAX = 64;

interface Wishes {
  readonly subjects: readonly string[];
  readonly isJson: boolean;
  readonly wantsStack: boolean;
  readonly refusesStack: boolean;
}

function wishesOf(words: readonly string[]): Wishes | undefined {
  const flags = words.filter((word) => word.startsWith('--'));
  const subjects = words.filter((word) => !word.startsWith('--'));
  const isKnown = flags.every((flag) => ['--json', '--stack', '--no-stack'].includes(flag));
  if (!isKnown || subjects.length === 0 || subjects.length > SUBJECTS_MAX) return undefined;
  return {
    subjects,
    isJson: flags.includes('--json'),
    wantsStack: flags.includes('--stack'),
    refusesStack: flags.includes('--no-stack'),
  };
}

function addStack(one: Examination, path: string, pid: number): Examination {
  if (pid > 0) print(2, `process ${pid} stands still while gdb reads its stack\n`);
  const stack = stackOf(one, path, pid);
  one.stack = stack.lines;
  return stack.fault === '' ? one : { ...one, warnings: [...one.warnings, stack.fault] };
}

function examine(subject: string, wishes: Wishes): Examination | string {
  if (/^\d{1,10}$/.test(subject)) {
    const one = examineProcess(Number(subject));
    return typeof one === 'string' || !wishes.wantsStack ? one : addStack(one, '', Number(subject));
  }
  const one = examineCore(subject);
  const isAlone = wishes.subjects.length === 1;
  if (typeof one === 'string' || wishes.refusesStack || !(isAlone || wishes.wantsStack)) return one;
  return addStack(one, subject, 0);
}

/** For programs: without what only the debugger needs. */
function json(deaths: readonly Examination[]): string {
  const shown = deaths.map((one) => ({ ...one, recordAddress: undefined, program: undefined }));
  return `${JSON.stringify(shown.length === 1 ? shown[0] : shown, undefined, 2)}\n`;
}

export function postmortem(words: readonly string[]): number {
  const wishes = wishesOf(words);
  if (wishes === undefined) {
    print(2, USAGE);
    return 2;
  }
  const found: Examination[] = [];
  let faults = 0;
  for (const subject of wishes.subjects) {
    const one = examine(subject, wishes);
    if (typeof one !== 'string') found.push(one);
    else {
      faults++;
      print(2, `sluice postmortem: ${one}\n`);
    }
  }
  if (found.length > 0) print(1, wishes.isJson ? json(found) : text(found));
  return faults > 0 ? 1 : 0;
}

function text(found: readonly Examination[]): string {
  if (found.length === 1) return renderExamination(found[0] as Examination);
  return renderCommon(found) + found.map((one) => `\n${one.subject}: ${one.verdict}\n`).join('');
}
