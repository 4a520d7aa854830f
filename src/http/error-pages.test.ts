/** The proxy's own pages against what HAProxy sends, and how errorfile messages are read. */
import { describe, expect, it } from 'vitest';
import { ERROR_PAGE_STATUSES, errorPage } from './error-pages.ts';
import { parseReply } from './reply-message.ts';

function wire(status: number): string {
  const page = errorPage(status);
  const fields = page.names.map((name, i) => `${name}: ${page.values[i]}\r\n`).join('');
  return `HTTP/1.1 ${page.status} ${page.reason}\r\n${fields}\r\n${page.body.toString('latin1')}`;
}

describe('default error pages', () => {
  it('are those HAProxy 3.5 sends (recorded from its wire)', () => {
    expect(wire(503)).toBe(
      'HTTP/1.1 503 Service Unavailable\r\ncontent-length: 107\r\ncache-control: no-cache\r\ncontent-type: text/html\r\n\r\n' +
        '<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n',
    );
    expect(wire(400)).toBe(
      'HTTP/1.1 400 Bad request\r\ncontent-length: 90\r\ncache-control: no-cache\r\nconnection: close\r\ncontent-type: text/html\r\n\r\n' +
        '<html><body><h1>400 Bad request</h1>\nYour browser sent an invalid request.\n</body></html>\n',
    );
    expect(wire(408)).toContain('content-length: 110\r\n');
    expect(wire(200)).toContain('content-length: 58\r\n');
  });

  it('have the body lengths of HAProxy', () => {
    const lengths: Record<number, number> = {
      401: 112,
      403: 93,
      404: 83,
      405: 147,
      407: 112,
      410: 114,
      413: 106,
      414: 110,
      421: 104,
      422: 116,
      425: 80,
      429: 117,
      431: 105,
      500: 97,
      501: 135,
      502: 107,
      504: 92,
    };
    for (const [status, length] of Object.entries(lengths)) {
      expect(errorPage(Number(status)).body.length, status).toBe(length);
    }
    expect(ERROR_PAGE_STATUSES.length).toBe(22);
  });

  it('fall back to 500 for a status without a page', () => {
    expect(errorPage(418).status).toBe(500);
  });
});

describe('errorfile messages', () => {
  it('are read with either line ending, and get their length', () => {
    const reply = parseReply(Buffer.from('HTTP/1.0 503 Gone away\nRetry-After: 3\n\nsorry\n'));
    expect(reply).toMatchObject({
      status: 503,
      reason: 'Gone away',
      names: ['content-length', 'retry-after'],
      values: ['6', '3'],
      closes: false,
    });
    expect(reply?.body.toString()).toBe('sorry\n');
  });

  it('keep the order of their fields, content-length with the length they have', () => {
    const reply = parseReply(Buffer.from('HTTP/1.1 403 X\r\nA: b\r\nContent-Length: 1\r\nC: d\r\n\r\nabc'));
    expect(reply).toMatchObject({ names: ['a', 'content-length', 'c'], values: ['b', '3', 'd'] });
  });

  it('are refused when they are no response, or claim more body than they have', () => {
    expect(parseReply(Buffer.from('<html>'))).toBeUndefined();
    expect(parseReply(Buffer.from('HTTP/1.1 99 X\r\n\r\n'))).toBeUndefined();
    expect(parseReply(Buffer.from('HTTP/1.1 200 X\r\nContent-Length: 9\r\n\r\nabc'))).toBeUndefined();
    expect(parseReply(Buffer.from('HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n0'))).toBeUndefined();
  });
});
