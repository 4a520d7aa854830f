/** The arguments of a keyword in parentheses: `word(1,"a,b",\,)`. Quotes and escapes are those of the line (which has been cut
 * already, so this is the second level), without `\#`, `\$`, `\xNN` and variables: configuration manual, section 2.2.
 */

export interface ArgumentTexts {
  readonly args: readonly string[];
  /** Index after the closing parenthesis. */
  readonly end: number;
}

/** Where the arguments stop making sense. */
export interface ArgumentError {
  readonly error: 'quote' | 'parenthesis';
  readonly at: number;
}

const ESCAPES: Readonly<Record<string, string>> = {
  ' ': ' ',
  '\\': '\\',
  "'": "'",
  '"': '"',
  t: '\t',
  n: '\n',
  r: '\r',
};

/** Reads one argument from <from>, up to an unquoted `,` or `)`. */
function readOne(text: string, from: number): { value: string; end: number } | ArgumentError {
  let value = '';
  let quote = '';
  let opened = from;
  let at = from;
  for (; at < text.length; at++) {
    const char = text[at] as string;
    if (quote === '' && (char === ',' || char === ')')) break;
    if ((char === '"' || char === "'") && (quote === '' || quote === char)) {
      opened = at;
      quote = quote === '' ? char : '';
    } else if (char === '\\' && quote !== "'") {
      const meaning = ESCAPES[text[at + 1] ?? ''];
      value += meaning ?? '\\';
      if (meaning !== undefined) at++;
    } else {
      value += char;
    }
  }
  return quote === '' ? { value, end: at } : { error: 'quote', at: opened };
}

/** Reads `(a,b,…)` at <from>, where `(` must stand. No argument at all gives an empty list. */
export function readArguments(text: string, from: number): ArgumentTexts | ArgumentError {
  const args: string[] = [];
  let at = from + 1;
  if (text[at] === ')') return { args, end: at + 1 };
  for (;;) {
    const one = readOne(text, at);
    if ('error' in one) return one;
    args.push(one.value);
    at = one.end + 1;
    if (text[one.end] === ')') return { args, end: at };
    if (one.end >= text.length) return { error: 'parenthesis', at: text.length };
  }
}
