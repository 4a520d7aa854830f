/** `option httpchk` and `http-check` lines: the bytes they send, what they accept, what is wrong with them. */
import { describe, expect, it } from 'vitest';
import type { Proxy } from '../model/proxy.ts';
import { parseAnswer } from './http-answer.ts';
import { type CheckFault, compileChecks } from './plan.ts';

function proxyWith(...lines: string[]): Proxy {
  const place = { file: 'test.cfg', line: 1 };
  const checkLines = lines.map((line) => ({ place, words: line.match(/(?:\\.|[^ ])+/g) ?? [] }));
  return { checkLines, place: { file: 'test.cfg', line: 0 } } as unknown as Proxy;
}

function request(...lines: string[]): string {
  return Buffer.from(compileChecks(proxyWith(...lines)).request).toString('latin1');
}

function faults(...lines: string[]): string[] {
  const found: CheckFault[] = [];
  compileChecks(proxyWith('option httpchk', ...lines), found);
  return found.map(({ text }) => text);
}

/** What the expectations say of <answer>: '' = passed. */
function judged(answer: string, ...lines: string[]): string {
  const parsed = parseAnswer(Buffer.from(answer, 'latin1'));
  if (parsed === undefined) throw new Error('no answer');
  for (const expectation of compileChecks(proxyWith('option httpchk', ...lines)).expectations) {
    const refusal = expectation(parsed);
    if (refusal !== undefined) return `${refusal.status} ${refusal.info}`;
  }
  return '';
}

const ANSWER = 'HTTP/1.1 200 OK\r\nX-A: b, c\r\nContent-Length: 5\r\n\r\nhello';

describe('the request of an HTTP check (recorded from HAProxy 3.5)', () => {
  it.each([
    [['option httpchk'], 'OPTIONS / HTTP/1.0\r\n\r\n'],
    [['option httpchk /u'], 'OPTIONS /u HTTP/1.0\r\n\r\n'],
    [['option httpchk GET /x'], 'GET /x HTTP/1.0\r\n\r\n'],
    [
      ['option httpchk', 'http-check send uri /z ver HTTP/1.1 hdr Host www'],
      'OPTIONS /z HTTP/1.1\r\nhost: www\r\nconnection: close\r\n\r\n',
    ],
    [
      ['http-check send meth GET uri /x ver HTTP/1.1 hdr Host a body abc', 'option httpchk'],
      'GET /x HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\nconnection: close\r\n\r\nabc',
    ],
  ])('%j', (lines, bytes) => {
    expect(request(...lines)).toBe(bytes);
  });

  it('forgets what was inherited when the section has rules of its own, but not that it is HTTP', () => {
    const own = { file: 'test.cfg', line: 9 };
    const inherited = { file: 'test.cfg', line: 2 };
    const proxy = {
      place: { file: 'test.cfg', line: 5 },
      checkLines: [
        { place: inherited, words: ['option', 'httpchk', 'GET', '/status', 'HTTP/1.1'] },
        { place: inherited, words: ['http-check', 'disable-on-404'] },
        { place: own, words: ['http-check', 'send', 'hdr', 'X-New', 'true'] },
      ],
    } as unknown as Proxy;
    const plan = compileChecks(proxy);
    expect(Buffer.from(plan.request).toString()).toBe('OPTIONS / HTTP/1.0\r\nx-new: true\r\n\r\n');
    expect(plan).toMatchObject({ kind: 'http', disableOn404: true });
  });

  it('is nothing for a TCP check', () => {
    expect(compileChecks(proxyWith()).kind).toBe('tcp');
    expect(request('http-check send uri /x')).toBe('');
  });
});

describe('what is not built', () => {
  it.each([
    ['http-check expect on-error "gone" status 200', "'http-check expect on-error'"],
    ['http-check send uri /a\nhttp-check send uri /b', "a second 'http-check send'"],
  ])('%s is a notice, and the rest holds', (lines, what) => {
    const faults: CheckFault[] = [];
    const plan = compileChecks(proxyWith('option httpchk', ...lines.split('\n')), faults);
    expect(faults.map(({ text, isNotBuilt }) => [text.startsWith(what), isNotBuilt])).toEqual([[true, true]]);
    expect(Buffer.from(plan.request).toString()).not.toContain('/b');
    expect(plan.expectations).toHaveLength(1);
  });
});

describe('http-check expect', () => {
  it.each([
    ['status 200', ''],
    ['status 201,300-399', 'L7STS OK'],
    ['! status 500-599', ''],
    ['!status 200', 'L7STS OK'],
    ['rstatus ^2', ''],
    ['rstatus ^3', 'L7STS OK'],
    ['string ell', ''],
    ['string nope', 'L7RSP HTTP content check did not match'],
    ['! string ell', 'L7RSP HTTP check matched unwanted content'],
    ['comment hi string nope', 'L7RSP HTTP content check did not match comment: hi'],
    ['! string nope', ''],
    ['rstring ^h.*o$', ''],
    ['hdr name x-a value c', ''],
    ['hdr name X-A value b', ''],
    ['fhdr name x-a value b', 'L7STS OK'],
    ['fhdr name x-a value -m beg b', ''],
    ['hdr name -m beg x-', ''],
    ['hdr name nope', 'L7STS OK'],
  ])('%s gives %j', (line, verdict) => {
    expect(judged(ANSWER, `http-check expect ${line}`)).toBe(verdict);
  });

  it('cannot find a string where there is no body', () => {
    const empty = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
    expect(judged(empty, 'http-check expect string x')).toBe(
      'L7RSP HTTP content check could not find a response body',
    );
  });

  it('reads a chunked body', () => {
    const chunked =
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n';
    expect(judged(chunked, 'http-check expect string hello')).toBe('');
  });
});

describe('what is wrong with a line', () => {
  it.each([
    ['http-check expect', "'http-check expect' only supports"],
    ['http-check expect nope x', "not 'nope'"],
    ['http-check expect status abc', "'abc' is not a list of status codes and ranges"],
    ['http-check expect rstring (', "regex '('"],
    ['http-check expect status 200 junk', "unexpected 'junk'"],
    ['http-check send uri', "'uri' expects an argument"],
    ['http-check send nope x', "unknown keyword 'nope'"],
    ['http-check expect string-lf %[x]', 'is known to HAProxy but not built yet'],
    ['http-check send hdr X %[unique-id]', 'is known to HAProxy but not built yet'],
    ['http-check send uri-lf /%[x]', 'is known to HAProxy but not built yet'],
    ['http-check set-var(x) y', 'is known to HAProxy but not built yet'],
  ])('%s', (line, part) => {
    expect(faults(line)).toHaveLength(1);
    expect(faults(line)[0]).toContain(part);
  });
});
