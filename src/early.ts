/** Answers what needs nothing but a few constants (-v, -vv, -vq, -cc, usage), so that scripts which ask often wait little. */
import { writeSync } from 'node:fs';
import { buildText, USAGE, versionText } from './config/banner.ts';
import { evaluateCondition } from './config/condition.ts';
import { lexLine } from './config/lexer.ts';
import { renderNote } from './config/render.ts';
import { environmentOf, latin1Of, Variables } from './config/variables.ts';
import { HAPROXY_BRANCH, HAPROXY_VERSION } from './config/version.ts';

const TRUE = 0;
const FALSE = 1;
const UNPARSABLE = 2;

function print(descriptor: 1 | 2, text: string): void {
  writeSync(descriptor, Buffer.from(text, 'latin1'));
}

/** -cc: 0 true, 1 false, 2 unparsable. */
function checkCondition(text: string): number {
  const variables = new Variables(environmentOf(process.env));
  const lexed = lexLine(latin1Of(text), variables);
  const words = lexed.words.map((word) => word.text).join(' ');
  const result =
    lexed.error === undefined
      ? evaluateCondition(words, (name) => variables.has(name))
      : { error: `unmatched or invalid characters at position ${lexed.column + 1}` };
  if ('value' in result) return result.value ? TRUE : FALSE;
  print(2, renderNote('alert', `Failed to evaluate condition: ${result.error}`, process.pid));
  return UNPARSABLE;
}

const SHORT_ANSWERS: Readonly<Record<string, () => string>> = {
  '-v': versionText,
  '-vv': buildText,
  '-vq': () => `${HAPROXY_VERSION}\n`,
  '-vqs': () => `${HAPROXY_VERSION.replace(/-.*/, '')}\n`,
  '-vqb': () => `${HAPROXY_BRANCH}\n`,
};

/** Options that take the next word: it is no option, even when it looks like one. */
const WITH_VALUE = new Set(['-f', '-C', '-p', '-L', '-n', '-N', '-m', '-x', '-S']);

/** True when <argv> was answered; process.exitCode is set then. */
export function early(argv: readonly string[]): boolean {
  if (argv.length === 0) {
    print(1, versionText());
    print(2, USAGE);
    process.exitCode = 1;
    return true;
  }
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] as string;
    if (word === '--') return false;
    const answer = Object.hasOwn(SHORT_ANSWERS, word) ? SHORT_ANSWERS[word] : undefined;
    if (answer !== undefined) {
      print(1, answer());
      process.exitCode = 0;
      return true;
    }
    if (word === '-cc' && i + 1 < argv.length) {
      process.exitCode = checkCondition(argv[i + 1] as string);
      return true;
    }
    if (WITH_VALUE.has(word)) i++;
  }
  return false;
}
