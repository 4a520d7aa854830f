/** `sluice postmortem <core | report | directory | pid> …`: which request, backend and encoder were at work, first of all; then what
 * that rests on.
 */
import { renderCommon } from './common.ts';
import { stackOf } from './debugger.ts';
import type { Examination } from './examine.ts';
import { namedStack } from './frame-names.ts';
import { print } from './print.ts';
import { renderEvidence } from './render.ts';
import { examine, filesOf, SUBJECTS_MAX, withoutTwins } from './subjects.ts';

const USAGE = `Usage : sluice postmortem [--json] [--no-stack] <core | report | directory>...
        sluice postmortem [--json] [--stack] <pid>
        Says which request, backend and encoder were at work when a worker died. Several cores: what they have in common.
        A live process is not stopped, unless --stack asks for its stack: then for as long as gdb needs.
        Exit code 1: something is missing, a sentence says what.
`;

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

function withStack(one: Examination, pid: number): Examination {
  if (pid > 0) print(2, `process ${pid} stands still while gdb reads its stack\n`);
  const isReport = one.kind === 'report';
  const stack = isReport
    ? namedStack(one.stack, one.modules ?? [])
    : stackOf(one, pid > 0 ? '' : one.subject, pid);
  one.stack = stack.lines;
  return stack.fault === '' ? one : { ...one, warnings: [...one.warnings, stack.fault] };
}

function wantsStack(one: Examination, wishes: Wishes, isAlone: boolean): boolean {
  if (one.kind !== 'process') return !wishes.refusesStack && (isAlone || wishes.wantsStack);
  return wishes.wantsStack;
}

/** All that the words of the command line stand for; what cannot be read is said at once. */
function examineAll(subjects: readonly string[]): { found: Examination[]; faults: number } {
  const found: Examination[] = [];
  let faults = 0;
  const say = (sentence: string): void => {
    faults++;
    print(2, `sluice postmortem: ${sentence}\n`);
  };
  for (const word of subjects) {
    const files = filesOf(word);
    if (typeof files === 'string') say(files);
    else {
      for (const file of files) {
        const one = examine(file);
        if (typeof one === 'string') say(one);
        else found.push(one);
      }
    }
  }
  return { found: withoutTwins(found), faults };
}

/** For programs: without what only the debugger needs. */
function json(deaths: readonly Examination[]): string {
  const shown = deaths.map((one) => ({
    ...one,
    recordAddress: undefined,
    program: undefined,
    modules: undefined,
  }));
  return `${JSON.stringify(shown.length === 1 ? shown[0] : shown, undefined, 2)}\n`;
}

export function postmortem(words: readonly string[]): number {
  const wishes = wishesOf(words);
  if (wishes === undefined) {
    print(2, USAGE);
    return 2;
  }
  const { found, faults } = examineAll(wishes.subjects);
  const [alone] = found;
  if (alone === undefined) return 1;
  // The verdict is there at once, the stack takes gdb a second.
  if (found.length === 1 && !wishes.isJson) print(1, `${alone.verdict}\n`);
  const shown = found.map((one) => {
    if (!wantsStack(one, wishes, found.length === 1)) return one;
    return withStack(one, one.kind === 'process' ? Number(one.subject) : 0);
  });
  if (wishes.isJson) print(1, json(shown));
  else if (shown.length === 1) print(1, renderEvidence(shown[0] as Examination));
  else print(1, renderCommon(shown) + shown.map((one) => `\n${one.subject}: ${one.verdict}\n`).join(''));
  return faults > 0 || shown.some((one) => one.warnings.length > 0) ? 1 : 0;
}
