/** The judge of answers: framings, whatever pieces they come in, and all that is not an answer. */
import { expect, test } from 'vitest';
import { AnswerReader, type Ask } from './answer-reader.ts';

const ask: Ask = { request: 'GET / ', lastRequest: 'GET / ', status: 200, body: Buffer.from('hello') };

/** Reads <text> in pieces of <size> octets; the reader and how many octets it took. */
function read(text: string, size = text.length, asked = ask) {
  const bytes = Buffer.from(text, 'latin1');
  const reader = new AnswerReader();
  reader.begin(asked);
  let at = 0;
  for (
    let end = size;
    at < bytes.length && reader.state !== 'done' && reader.state !== 'wrong';
    end += size
  ) {
    const to = Math.min(end, bytes.length);
    while (at < to && (reader.state === 'head' || reader.state === 'body')) at = reader.take(bytes, at, to);
  }
  return { reader, taken: at };
}

const LENGTH = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
const CHUNKED =
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nT: r\r\n\r\n';
const INTERIM = `HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${LENGTH}`;

test.each([LENGTH, CHUNKED, INTERIM])('an answer in pieces of every size, and no octet more: %j', (text) => {
  for (let size = 1; size <= text.length; size++) {
    const { reader, taken } = read(`${text}HTTP/1.1 `, size);
    expect([reader.state, taken, reader.isLast]).toEqual(['done', text.length, false]);
  }
});

test.each([
  ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhallo', /another body within octets 0 to 5/],
  ['HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhell', /a body of 4 octets instead of 5/],
  ['HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello!', /longer than 5/],
  ['HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nhello', /Content-Length: x/],
  ['HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n', /status 503 instead of 200/],
  ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhex\r\n', /a chunk longer/],
  ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', /a chunk of size "zz"/],
  ['SSH-2.0-x\r\n\r\n', /not an answer/],
])('is wrong: %j', (text, reason) => {
  const { reader } = read(text);
  expect(reader.state).toBe('wrong');
  expect(reader.reason).toMatch(reason);
});

test('the end of the connection ends only what it frames', () => {
  const whole = read('HTTP/1.0 200 OK\r\n\r\nhello').reader;
  expect([whole.isLast, whole.endsWithClose()]).toEqual([true, true]);
  expect(read('HTTP/1.0 200 OK\r\n\r\nhell').reader.endsWithClose()).toBe(false);
  expect(read('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell').reader.endsWithClose()).toBe(false);
});

test('an answer to HEAD has no body, whatever its length says', () => {
  const { reader } = read(LENGTH.slice(0, -5), undefined, { ...ask, request: 'HEAD / ', body: undefined });
  expect(reader.state).toBe('done');
});

test('Connection: close is seen', () => {
  expect(read('HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 5\r\n\r\nhello').reader.isLast).toBe(
    true,
  );
});
