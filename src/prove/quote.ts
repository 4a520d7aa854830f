/** The words of a line as text again, so that reading it gives the same words: the reverse of the configuration's lexer. */

const ESCAPED: Readonly<Record<string, string>> = {
  ' ': '\\ ',
  '\\': '\\\\',
  '#': '\\#',
  "'": "\\'",
  '"': '\\"',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
};

function escapeOf(letter: string): string {
  return ESCAPED[letter] ?? `\\x${letter.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

/** <word> as it is written. A dollar outside double quotes means itself, except in addresses, which hold none here. */
export function quoted(word: string): string {
  return word === '' ? '""' : word.replaceAll(/[\0-\x20\\#'"\x7f]/g, escapeOf);
}

export function lineOf(words: readonly string[]): string {
  return words.map(quoted).join(' ');
}
