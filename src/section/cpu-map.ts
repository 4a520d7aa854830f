/** `cpu-map [auto:]<group>[/<threads>] <processors>...`: which processors a thread may run on. There is one group of threads, number 1:
 * lines for others are read and have no effect.
 */
import { type Argument, custom } from '../config/argument.ts';
import { type Keyword, keyword } from '../config/keyword.ts';
import type { Word } from '../config/place.ts';
import type { GlobalSection } from './global.ts';

/** Numbers of groups and threads, as on HAProxy's 64-bit systems. */
const NUMBERS_MAX = 64;
/** Processors the kernel's set has room for. */
const PROCESSORS_MAX = 1024;

const ADVICE =
  "Write: cpu-map 1/1-4 0-3, or with 'auto:' before it for one processor each; 'all', 'odd' and 'even' are numbers too.";

/** `all`, `odd`, `even`, `3`, `1-4`, `2-`: the numbers meant, from 1. */
function readNumbers(text: string): number[] | string {
  const all = Array.from({ length: NUMBERS_MAX }, (_, index) => index + 1);
  if (text === 'all') return all;
  if (text === 'odd' || text === 'even') return all.filter((one) => one % 2 === (text === 'odd' ? 1 : 0));
  const match = /^(\d{1,4})(-(\d{0,4}))?$/.exec(text);
  if (match === null) return `'${text}' is not a valid number/range.`;
  const first = Number(match[1]);
  let last = first;
  if (match[2] !== undefined) last = match[3] === '' ? NUMBERS_MAX : Number(match[3]);
  const [low, high] = [Math.min(first, last), Math.max(first, last)];
  if (low < 1 || high > NUMBERS_MAX)
    return `'${text}' is not a valid number/range. It supports numbers from 1 to ${NUMBERS_MAX}.`;
  return all.filter((one) => one >= low && one <= high);
}

/** `0-3,7`, one or more words: processors from the lowest. */
function readProcessors(words: readonly string[]): number[] | string {
  const found = new Set<number>();
  for (const part of words.flatMap((word) => word.split(','))) {
    const match = /^(\d{1,5})(-(\d{0,5}))?$/.exec(part);
    if (match === null) return `'${part}' is not a CPU range.`;
    const first = Number(match[1]);
    let last = first;
    if (match[2] !== undefined) last = match[3] === '' ? PROCESSORS_MAX - 1 : Number(match[3]);
    const [low, high] = [Math.min(first, last), Math.max(first, last)];
    if (high >= PROCESSORS_MAX) return `supports CPU numbers from 0 to ${PROCESSORS_MAX - 1}.`;
    for (let cpu = low; cpu <= high; cpu++) found.add(cpu);
  }
  return [...found].sort((a, b) => a - b);
}

export interface CpuMapLine {
  /** From 0. */
  readonly threads: readonly number[];
  /** The processors of the thread at this place in `threads`. */
  processors(place: number): readonly number[];
}

/** Reads the words behind `cpu-map`; a text says what is wrong. */
export function readCpuMap(set: string, processorWords: readonly string[]): CpuMapLine | string {
  const isAuto = set.startsWith('auto:');
  const [groupText = '', threadText = 'all', ...rest] = (isAuto ? set.slice(5) : set).split('/');
  if (rest.length > 0) return `'${set}' is not a valid number/range.`;
  const groups = readNumbers(groupText);
  if (typeof groups === 'string') return groups;
  const numbers = readNumbers(threadText);
  if (typeof numbers === 'string') return numbers;
  const processors = readProcessors(processorWords);
  if (typeof processors === 'string') return processors;
  const sized = groups.length > 1 ? groups : numbers;
  if (isAuto && sized.length !== processors.length)
    return 'TGROUP/THREAD range and CPU sets must have the same size to be automatically bound';
  const threads = groups.includes(1) ? numbers.map((number) => number - 1) : [];
  return { threads, processors: (place) => (isAuto ? processors.slice(place, place + 1) : processors) };
}

export const cpuMapKeywords: readonly Keyword<GlobalSection>[] = [
  keyword<GlobalSection, readonly [Argument<unknown>]>({
    name: 'cpu-map',
    args: [custom('[auto:]<thread-group>[/<thread-set>] <cpu-set>[,...]...')],
    parse({ target, cursor }) {
      const [, set, ...processors] = cursor.words as readonly Word[];
      cursor.position = cursor.words.length;
      if (set === undefined || processors.length === 0) {
        const text = "'cpu-map' expects a set of threads and then processors.";
        cursor.alerts.alert(text, set ?? cursor.words[0], ADVICE);
        return;
      }
      const line = readCpuMap(
        set.text,
        processors.map((word) => word.text),
      );
      if (typeof line === 'string') {
        cursor.alerts.alert(`'cpu-map' : ${line}`, set, ADVICE);
        return;
      }
      const { cpuMap } = target.settings;
      for (const [place, thread] of line.threads.entries()) cpuMap[thread] = line.processors(place);
    },
  }),
];
