/** Manual pages of keywords as tests: a heading per keyword, examples as `expression    # result` lines, one request (and one
 * response) per page as fenced `http` blocks that the examples are evaluated on.
 */

export interface PageExample {
  readonly keyword: string;
  readonly line: number;
  readonly expression: string;
  /** `<not found>` when there is no sample. */
  readonly expected: string;
}

export interface KeywordPage {
  readonly path: string;
  readonly keywords: readonly string[];
  readonly examples: readonly PageExample[];
  readonly request: string;
  readonly response: string | undefined;
}

const DEFAULT_REQUEST = 'GET / HTTP/1.1\r\nhost: example.org\r\n\r\n';

/** Reads a page. Headings are `### name(arguments)`; `\<` is a literal `<`. */
export function readPage(path: string, text: string): KeywordPage {
  const keywords: string[] = [];
  const examples: PageExample[] = [];
  const blocks: string[] = [];
  const lines = text.split('\n');
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as string;
    if (line === '```http') {
      const end = lines.indexOf('```', i);
      blocks.push(lines.slice(i + 1, end).join('\r\n'));
      i = end;
      continue;
    }
    const heading = /^### ([^\s(]+)/.exec(line);
    if (heading !== null) keywords.push(heading[1] as string);
    const example = /^ {4}(\S.*?)\s+# (.*)$/.exec(line);
    if (example === null) continue;
    examples.push({
      keyword: keywords.at(-1) ?? '',
      line: i + 1,
      expression: example[1] as string,
      expected: example[2] as string,
    });
  }
  const message = (block: string): string => (block.includes('\r\n\r\n') ? block : `${block}\r\n\r\n`);
  const request = blocks.find((block) => !block.startsWith('HTTP/'));
  const response = blocks.find((block) => block.startsWith('HTTP/'));
  return {
    path,
    keywords,
    examples,
    request: request === undefined ? DEFAULT_REQUEST : message(request),
    response: response === undefined ? undefined : message(response),
  };
}
