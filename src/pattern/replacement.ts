/** Hot path. Replacement texts of regex rewrites: `\0`…`\9` are what matched, `\xHH` a byte, any other escaped character itself. */

/** <template> with the groups of <match>; undefined when the template ends in the middle of an escape. */
export function expandReplacement(template: string, match: RegExpExecArray): string | undefined {
  let at = template.indexOf('\\');
  if (at < 0) return template;
  let out = '';
  let start = 0;
  while (at >= 0) {
    out += template.substring(start, at);
    const code = template.charCodeAt(at + 1);
    if (Number.isNaN(code)) return undefined;
    if (code >= 48 && code <= 57) {
      out += match[code - 48] ?? '';
      start = at + 2;
    } else if (code === 120) {
      const byte = Number.parseInt(template.substring(at + 2, at + 4), 16);
      if (template.length < at + 4 || Number.isNaN(byte)) return undefined;
      out += String.fromCharCode(byte);
      start = at + 4;
    } else {
      out += template.charAt(at + 1);
      start = at + 2;
    }
    at = template.indexOf('\\', start);
  }
  return out + template.substring(start);
}
