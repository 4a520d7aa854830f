/** What a `-sees` block demands, and the comparison of a received message with it. Fails with a sentence, at a line. */
import { type Message, valuesOf } from './message.ts';
import { type Line, type Step, unescapeBytes } from './page.ts';

/** How the peer's direction has to end after what was seen; `cut`: visibly before the message was complete. */
export type Ending = 'fin' | 'reset' | 'closed' | 'cut' | 'partial' | 'none';

export interface Sight {
  kind: 'message' | 'raw' | 'nothing' | 'incomplete' | 'refused' | 'failed' | 'gone' | 'rest' | 'end';
  line: number;
  statuses: string[];
  startLine?: Line;
  fields: Line[];
  /** A line `…` in the head: other fields may be there. */
  othersAllowed: boolean;
  body: string;
  trailers: Line[];
  ending: Ending;
}

/** A failure that names the place in the page. */
export class PageError extends Error {
  readonly line: number;
  constructor(line: number, text: string) {
    super(text);
    this.line = line;
  }
}

/** The answer `<ok>` stands for; it has a Date, so nothing has to be added to it on the way. */
export const okResponse =
  'HTTP/1.1 200 OK\r\nDate: Sat, 01 Jan 2000 00:00:00 GMT\r\nContent-Length: 2\r\n\r\nok';
/** The request `<get>` stands for. */
export const getRequest = 'GET / HTTP/1.1\r\nHost: a.example\r\n\r\n';
const shorthands: Record<string, string[]> = {
  '<ok>': ['HTTP/1.1 200 OK', 'content-length: 2', '', 'ok'],
  '<get>': ['GET / HTTP/1.1', 'host: a.example'],
};

const endings: Record<string, Ending> = {
  '<fin>': 'fin',
  '<reset>': 'reset',
  '<closed>': 'closed',
  '<cut>': 'cut',
  '<partial>': 'partial',
};

function blank(line: number, kind: Sight['kind']): Sight {
  return {
    kind,
    line,
    statuses: [],
    fields: [],
    othersAllowed: false,
    body: '',
    trailers: [],
    ending: 'none',
  };
}

function readDirective(sight: Sight, { text, line }: Line): boolean {
  const refused = /^<(refused|failed) ([0-9|]+)>$/.exec(text);
  if (refused !== null) {
    sight.kind = refused[1] as 'refused' | 'failed';
    sight.statuses = refused[2]!.split('|');
  } else if (text === '<gone>') sight.kind = 'gone';
  else if (text === '<rest>') sight.kind = 'rest';
  else if (text === '<nothing>') sight.kind = 'nothing';
  else if (text === '<incomplete>') sight.kind = 'incomplete';
  else if (endings[text] !== undefined) sight.ending = endings[text];
  else if (/^<[a-z ]+>$/.test(text)) throw new PageError(line, `unknown directive ${text}`);
  else return false;
  return true;
}

export function readSight(step: Step): Sight {
  const sight = blank(step.line, step.flags.includes('raw') ? 'raw' : 'message');
  let part: 'start' | 'head' | 'body' | 'trailers' = sight.kind === 'raw' ? 'body' : 'start';
  const lines = step.lines.flatMap((each) =>
    (shorthands[each.text] ?? [each.text]).map((text) => ({ text, line: each.line })),
  );
  for (const each of lines) {
    if (each.text === '<trailers>') part = 'trailers';
    else if (readDirective(sight, each)) continue;
    else if (part === 'body') sight.body += each.text;
    else if (part === 'trailers') sight.trailers.push(each);
    else if (each.text === '') part = 'body';
    else if (part === 'start') {
      sight.startLine = each;
      part = 'head';
    } else if (each.text === '…') sight.othersAllowed = true;
    else sight.fields.push(each);
  }
  if (sight.kind === 'message' && sight.startLine === undefined) sight.kind = 'end';
  return sight;
}

/** `…` stands for any octets; everything else is literal after unescaping. */
export function matches(pattern: string, text: string): boolean {
  const pieces = pattern.split('…').map(unescapeBytes);
  const last = pieces.length > 1 ? pieces.pop()! : '';
  if (pieces.length === 1 && last === '' && !pattern.includes('…')) return pieces[0] === text;
  if (!text.startsWith(pieces[0]!) || !text.endsWith(last)) return false;
  let at = pieces[0]!.length;
  for (const piece of pieces.slice(1)) {
    const found = text.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return at + last.length <= text.length;
}

function splitField(each: Line): [string, string] {
  const colon = each.text.indexOf(':');
  if (colon < 0) throw new PageError(each.line, `not a field pattern: ${each.text}`);
  return [each.text.slice(0, colon).toLowerCase(), each.text.slice(colon + 1).trim()];
}

function compareFields(
  got: [string, string][],
  wanted: Line[],
  othersAllowed: boolean,
  place: string,
  line: number,
): void {
  const byName = new Map<string, Line[]>();
  for (const each of wanted) {
    if (each.text.startsWith('!')) {
      const values = valuesOf(got, each.text.slice(1).toLowerCase());
      if (values.length > 0)
        throw new PageError(each.line, `the ${place} has ${each.text.slice(1)}: ${values.join(' | ')}`);
      continue;
    }
    if (each.text.startsWith('?')) continue;
    const [name] = splitField(each);
    byName.set(name, [...(byName.get(name) ?? []), each]);
  }
  const optional = wanted
    .filter((each) => each.text.startsWith('?'))
    .map((each) => each.text.slice(1).toLowerCase());
  for (const [name, patterns] of byName) {
    const values = valuesOf(got, name);
    for (const [index, each] of patterns.entries()) {
      if (values[index] === undefined) throw new PageError(each.line, `the ${place} has no such ${name}`);
      if (!matches(splitField(each)[1], values[index])) {
        throw new PageError(each.line, `the ${place} has ${name}: ${values[index]}`);
      }
    }
    if (values.length > patterns.length)
      throw new PageError(patterns.at(-1)!.line, `the ${place} has more: ${values.join(' | ')}`);
  }
  if (othersAllowed) return;
  const others = got.filter(([name]) => !byName.has(name) && !optional.includes(name) && name !== 'date');
  if (others.length > 0)
    throw new PageError(line, `the ${place} has ${others.map((field) => field.join(': ')).join(' | ')}`);
}

const shown = (bytes: Buffer | string): string => {
  const text = JSON.stringify(bytes.toString('latin1' as BufferEncoding));
  return text.length > 300 ? `${text.slice(0, 300)}… (${bytes.length} octets)` : text;
};

/** Compares a message whose waiting is over; <complete> or not is the caller's question. */
export function compareMessage(message: Message, sight: Sight): void {
  if (!matches(sight.startLine!.text, message.startLine)) {
    throw new PageError(sight.startLine!.line, `the start line is ${message.startLine}`);
  }
  compareFields(message.fields, sight.fields, sight.othersAllowed, 'head', sight.startLine!.line);
  if (!matches(sight.body, message.body.toString('latin1'))) {
    throw new PageError(sight.line, `the body is ${shown(message.body)}`);
  }
  compareFields(message.trailers, sight.trailers, false, 'trailer section', sight.line);
}

/** An error answer of the proxy itself, with one of the statuses; a refused request ends its connection in words too. */
export function compareRefusal(message: Message, sight: Sight): void {
  const status = message.startLine.slice(9, 12);
  if (sight.kind === 'gone' && /^[45]/.test(status)) return;
  if (!sight.statuses.includes(status)) throw new PageError(sight.line, `the answer is ${message.startLine}`);
  if (sight.kind === 'failed') return;
  if (!valuesOf(message.fields, 'connection').some((value) => value.toLowerCase() === 'close')) {
    throw new PageError(sight.line, `${message.startLine} without Connection: close`);
  }
}

export { shown };
