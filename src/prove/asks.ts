/** Requests with the answers they must get from the built-in origin. */
import type { Ask } from './answer-reader.ts';
import { patternBody } from './origin.ts';

export interface AskWords {
  readonly method?: 'GET' | 'POST' | 'HEAD';
  readonly path?: string;
  readonly host?: string;
  /** Octets of the request's body. */
  readonly upload?: number;
  readonly status?: number;
  readonly body?: Uint8Array | undefined;
}

/** A request; without `body` in <words> its answer's body is not judged. */
export function newAsk(words: AskWords): Ask {
  const { method = 'GET', path = '/', host = 'localhost', upload = 0, status = 200 } = words;
  const length = method === 'POST' ? `Content-Length: ${upload}\r\n` : '';
  const head = `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: sluice-prove\r\n${length}`;
  const body = patternBody(upload).toString('latin1');
  return {
    request: `${head}\r\n${body}`,
    lastRequest: `${head}Connection: close\r\n\r\n${body}`,
    status,
    body: words.body,
  };
}

/** GET of <octets> from the origin, or POST of <upload> that is answered with as many. */
export function originAsk(octets: number, upload = 0): Ask {
  return newAsk({
    method: upload > 0 ? 'POST' : 'GET',
    path: `/octets/${octets}`,
    upload,
    body: patternBody(octets),
  });
}
