/** Hot path. Words, fields and parameters of a string, by index. Fields may be empty, words may not: runs of delimiters count once.
 * Negative indexes count from the end. <count> takes that many in a row; 0 takes all that follow.
 */

/** <count> fields from number <index> on (from 1; from the end below 0); 0: all that follow. Undefined when there is none. */
export function fieldAt(text: string, index: number, delimiters: string, count: number): string | undefined {
  if (index > 0) return fieldFromStart(text, index, delimiters, count);
  return index < 0 ? fieldFromEnd(text, index, delimiters, count) : undefined;
}

function fieldFromStart(text: string, index: number, delimiters: string, count: number): string | undefined {
  let field = 1;
  let start = 0;
  let left = count;
  let end = 0;
  for (; end < text.length; end++) {
    if (!delimiters.includes(text.charAt(end))) continue;
    if (field === index) {
      if (left === 1) return text.substring(start, end);
      if (left > 1) left--;
    } else {
      start = end + 1;
      field++;
    }
  }
  return field === index ? text.substring(start, end) : undefined;
}

function fieldFromEnd(text: string, index: number, delimiters: string, count: number): string | undefined {
  let field = -1;
  let end = text.length;
  let left = count;
  let start = text.length;
  for (; start > 0; start--) {
    if (!delimiters.includes(text.charAt(start - 1))) continue;
    if (field === index) {
      if (left === 1) return text.substring(start, end);
      if (left > 1) left--;
    } else {
      end = start - 1;
      field--;
    }
  }
  return field === index ? text.substring(start, end) : undefined;
}

/** The same, with runs of delimiters counted once. */
export function wordAt(text: string, index: number, delimiters: string, count: number): string | undefined {
  if (index > 0) return wordFromStart(text, index, delimiters, count);
  return index < 0 ? wordFromEnd(text, index, delimiters, count) : undefined;
}

function wordFromStart(text: string, index: number, delimiters: string, count: number): string | undefined {
  let word = 0;
  let start = 0;
  let left = count;
  let inWord = false;
  let end = 0;
  for (; end < text.length; end++) {
    const isDelimiter = delimiters.includes(text.charAt(end));
    if (!inWord && !isDelimiter) {
      if (word !== index) {
        word++;
        start = end;
      }
      inWord = true;
    } else if (inWord && isDelimiter) {
      if (word === index) {
        if (left === 1) return text.substring(start, end);
        if (left > 1) left--;
      }
      inWord = false;
    }
  }
  return word === index ? text.substring(start, end) : undefined;
}

function wordFromEnd(text: string, index: number, delimiters: string, count: number): string | undefined {
  let word = 0;
  let end = text.length;
  let left = count;
  let inWord = false;
  let start = text.length;
  for (; start > 0; start--) {
    const isDelimiter = delimiters.includes(text.charAt(start - 1));
    if (!inWord && !isDelimiter) {
      if (word !== index) {
        word--;
        end = start;
      }
      inWord = true;
    } else if (inWord && isDelimiter) {
      if (word === index) {
        if (left === 1) return text.substring(start, end);
        if (left > 1) left--;
      }
      inWord = false;
    }
  }
  return word === index ? text.substring(start, end) : undefined;
}

/** The value of parameter <name> in `a=1&b=2`; '' when it is there without a value. */
export function paramOf(text: string, name: string, delimiter: string): string | undefined {
  let at = 0;
  while (at < text.length) {
    const found = text.indexOf(delimiter, at);
    const end = found < 0 ? text.length : found;
    const equal = at + name.length;
    if (equal <= end && text.startsWith(name, at)) {
      if (equal === end) return '';
      if (text.charAt(equal) === '=') return text.substring(equal + 1, end);
    }
    at = end + 1;
  }
  return undefined;
}
