/** How a line of the runtime API falls into commands and words (management guide, 9.3).
 */

/** Words of one command (HAProxy's MAX_CLI_ARGS). */
export const WORDS_MAX = 64;

/** Words of one command, or undefined when there are too many: blanks separate, a backslash keeps the next character, a NUL ends. */
export function splitWords(text: string): string[] | undefined {
  const words: string[] = [];
  let word = '';
  let isOpen = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at] as string;
    if (char === '\0') break;
    if (char === ' ' || char === '\t') {
      if (isOpen) words.push(word);
      word = '';
      isOpen = false;
    } else {
      isOpen = true;
      if (char === '\\' && at + 1 < text.length) word += text[++at];
      else if (char !== '\\') word += char;
    }
  }
  if (isOpen) words.push(word);
  return words.length > WORDS_MAX ? undefined : words;
}

/** Commands of one line, at `;` that no backslash keeps. */
export function splitCommands(line: string): string[] {
  const commands: string[] = [];
  let from = 0;
  for (let at = 0; at < line.length; at++) {
    if (line[at] === '\\') at++;
    else if (line[at] === ';') {
      commands.push(line.slice(from, at));
      from = at + 1;
    }
  }
  commands.push(line.slice(from));
  return commands;
}

const PAYLOAD_START = '<<';
/** Characters of a pattern that ends a payload. */
export const PAYLOAD_PATTERN_MAX = 64;

/** A line whose last word is `<<[pattern]`: what stands before, and what ends the payload. */
export function payloadStart(
  line: string,
): { readonly before: string; readonly pattern: string } | undefined {
  const at = Math.max(line.lastIndexOf(' '), line.lastIndexOf('\t'), line.lastIndexOf(';')) + 1;
  const last = line.slice(at);
  if (!last.startsWith(PAYLOAD_START)) return undefined;
  const pattern = last.slice(PAYLOAD_START.length);
  return pattern.length > PAYLOAD_PATTERN_MAX ? undefined : { before: line.slice(0, at), pattern };
}
