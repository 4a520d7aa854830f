/** Arguments of actions that are more than words: log formats whose result goes into a head, and regexes. */
import { parseLogFormat } from '../log/log-format.ts';
import type { Word } from '../model/place.ts';
import type { LogFormat } from '../model/rules.ts';
import { Regex, RegexError } from '../pattern/regex.ts';
import { type ActionLine, takeWord } from './declare.ts';

export function takeFormat(line: ActionLine, what: string): LogFormat | undefined {
  const word = takeWord(line, what);
  return word === undefined ? undefined : parseLogFormat(word, line.ctx, { use: 'http' });
}

export function takeRegex(line: ActionLine, what: string): Regex | undefined {
  const word = takeWord(line, what);
  return word === undefined ? undefined : compileRegex(word, line);
}

export function compileRegex(word: Word, line: ActionLine): Regex | undefined {
  try {
    return new Regex(word.text);
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    line.ctx.alerts.alert(
      `regex '${word.text}' is refused (${error.message}, at character ${error.offset + 1}).`,
      word,
    );
    return undefined;
  }
}
