/** Which codings clients get, which responses are compressed, and what their heads say then: as tables. */
import { describe, expect, it } from 'vitest';
import { HttpMessage } from '../model/http-message.ts';
import { FakeEngine } from '../stream/fake-engine.ts';
import { findAlgorithm } from './algorithm.ts';
import { applyToResponse, isCompressible } from './decide.ts';
import { chooseCoding } from './negotiate.ts';
import { planCompression } from './plan.ts';

function best(field: string, names = 'gzip deflate'): string {
  const algorithms = names.split(' ').map((name) => findAlgorithm(name) as never);
  const index = chooseCoding(field, algorithms);
  return names.split(' ')[index] ?? '-';
}

describe('Accept-Encoding (RFC 9110 12.5.3)', () => {
  it.each([
    ['gzip', 'gzip'],
    ['GZip', 'gzip'],
    ['x-gzip', 'gzip'],
    ['deflate, gzip', 'deflate'],
    ['gzip;q=0.5, deflate;q=0.75', 'deflate'],
    ['*;q=0, gzip;q=0.750, deflate;q=0.500', 'gzip'],
    ['*', 'gzip'],
    ['gzip;q=0, *', 'deflate'],
    ['gzip;q=0, deflate;q=0', '-'],
    ['gzip;q=0, deflate;q=0.0, *', '-'],
    ['br', '-'],
    ['', '-'],
    ['invalid', '-'],
    ['identity;q=1, gzip;q=0.5', '-'],
    ['identity;q=0.5, gzip;q=1', 'gzip'],
    ['identity, gzip', 'gzip'],
    ['gzip ; q=0.2 , deflate ; q=0.1', 'gzip'],
    ['gzip;level=1;q=0', '-'],
    ['gzip;q=1.000', 'gzip'],
    ['gzipx', '-'],
  ])('%s → %s', (field, expected) => {
    expect(best(field)).toBe(expected);
  });

  it('one algorithm refused by name never returns through the star', () => {
    expect(best('gzip;q=0, *', 'gzip')).toBe('-');
  });
});

const engine = new FakeEngine();

function message(text: string): HttpMessage {
  const made = new HttpMessage();
  const at = engine.writeHead(`${text.replaceAll('\n', '\r\n')}\r\n\r\n`);
  made.attach(engine.arena, at.head, at.fields, at.text);
  return made;
}

const plan = planCompression(undefined, {
  algosRequest: [],
  algosResponse: ['gzip'],
  typesRequest: [],
  typesResponse: ['text/plain'],
  offload: false,
  direction: 'response',
  minsizeRequest: 0,
  minsizeResponse: 10,
  varyAlways: false,
});
if (plan === undefined) throw new Error('no plan');
const OK = 'HTTP/1.1 200 OK\ncontent-type: text/plain\ncontent-length: 100';

function compressible(response: string, request = 'GET / HTTP/1.1'): boolean {
  // Two heads share the fake arena: the request is read first and keeps what is asked of it.
  const asked = { version: request.endsWith('1.0') ? 0x0100 : 0x0101, method: request.split(' ')[0] };
  return isCompressible(plan as never, asked as never, message(response), -1);
}

describe('a response', () => {
  it('of a listed type and known or chunked length is compressed', () => {
    expect(compressible(OK)).toBe(true);
    expect(
      compressible('HTTP/1.1 200 OK\ncontent-type: text/plain;charset=x\ntransfer-encoding: chunked'),
    ).toBe(true);
  });

  it.each([
    ['a HEAD request', OK, 'HEAD / HTTP/1.1'],
    ['a 1.0 request', OK, 'GET / HTTP/1.0'],
    ['a 1.0 response', OK.replace('1.1', '1.0'), undefined],
    ['another status', OK.replace('200', '206'), undefined],
    ['an error', OK.replace('200', '404'), undefined],
    ['another type', OK.replace('plain', 'css'), undefined],
    ['no type', 'HTTP/1.1 200 OK\ncontent-length: 100', undefined],
    ['a body below minsize', OK.replace('100', '9'), undefined],
    ['a body that ends with the connection', 'HTTP/1.1 200 OK\ncontent-type: text/plain', undefined],
    ['a coding already', `${OK}\ncontent-encoding: br`, undefined],
    ['no-transform', `${OK}\ncache-control: public, No-Transform`, undefined],
    ['a broken ETag', `${OK}\netag: "x`, undefined],
    ['two ETags', `${OK}\netag: "x"\netag: "y"`, undefined],
  ])('to or with %s is not', (_why, response, request) => {
    expect(compressible(response, request)).toBe(false);
  });

  it('changes its head: weak ETag, Vary, no Accept-Ranges, the coding', () => {
    const response = message(`${OK}\netag: "a"\naccept-ranges: bytes\nvary: Origin`);
    applyToResponse(findAlgorithm('gzip') as never, response);
    expect(response.get(0, 'etag') ?? response.get(6, 'etag')).toBeDefined();
    const fields: string[] = [];
    for (let i = 0; i < response.fieldEnd; i++) {
      if (!response.isDeleted(i)) fields.push(`${response.fieldName(i)}: ${response.fieldValue(i)}`);
    }
    expect(fields).toEqual([
      'content-type: text/plain',
      'content-length: 100',
      'etag: W/"a"',
      'vary: Origin,Accept-Encoding',
      'content-encoding: gzip',
    ]);
  });

  it('names Accept-Encoding in Vary once', () => {
    for (const [before, after] of [
      ['vary: accept-encoding', 'accept-encoding'],
      ['vary: *', '*'],
      ['vary: ', 'Accept-Encoding'],
      ['vary: , ', 'Accept-Encoding'],
      ['vary: Origin , ', 'Origin,Accept-Encoding'],
      ['vary: A,accept-Encoding', 'A,accept-Encoding'],
    ] as const) {
      const response = message(`${OK}\n${before}`);
      applyToResponse(findAlgorithm('gzip') as never, response);
      expect(response.fieldValue(2)).toBe(after);
    }
  });
});
