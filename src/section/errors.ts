/** `errorfile`, `errorloc…`: what a client is told instead of HAProxy's own pages. */
import { integer, rawWord } from '../config/argument.ts';
import type { Keyword } from '../config/keyword.ts';
import type { ProxySection } from './proxy-section.ts';
import { loadFile } from './reading.ts';
import { proxyKeyword } from './traits.ts';

/** Statuses that the proxy itself answers with. */
const STATUSES = new Set([
  200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 414, 421, 422, 425, 429, 431, 500, 501, 502, 503, 504,
]);

/** HAProxy keeps a page in one buffer, less what it may have to add. */
const PAGE_MAX_BYTES = 16384 - 1024;

function isStatus(status: number): boolean {
  return STATUSES.has(status);
}

const statusAdvice = `Statuses with pages: ${[...STATUSES].join(', ')}.`;

function errorlocKeyword(name: string, code: number): Keyword<ProxySection> {
  return proxyKeyword({
    name,
    args: [integer('<code>', 100, 599), rawWord('<url>')],
    parse({ target, cursor }, status, url) {
      if (!isStatus(status)) {
        cursor.alerts.alert(
          `'${name}' : status code '${status}' not handled.`,
          cursor.words[1],
          statusAdvice,
        );
        return;
      }
      const reason = code === 303 ? 'See Other' : 'Found';
      const head = `HTTP/1.1 ${code} ${reason}\r\nCache-Control: no-cache\r\nContent-length: 0\r\nLocation: ${url.text}\r\n\r\n`;
      target.proxy.errorFiles.set(status, { status, path: url.text, message: Buffer.from(head, 'latin1') });
    },
  });
}

export const errorKeywords: readonly Keyword<ProxySection>[] = [
  proxyKeyword({
    name: 'errorfile',
    args: [integer('<code>', 100, 599), rawWord('<file>')],
    parse({ target, cursor }, status, path) {
      if (!isStatus(status)) {
        cursor.alerts.alert(
          `'errorfile' : status code '${status}' not handled.`,
          cursor.words[1],
          statusAdvice,
        );
        return;
      }
      const message = loadFile(target.reading, path.text, cursor.alerts, path);
      if (message === undefined) return;
      if (message.length > PAGE_MAX_BYTES) {
        const size = `'errorfile' : '${path.text}' has ${message.length} bytes, at most ${PAGE_MAX_BYTES} are sent.`;
        cursor.alerts.alert(size, path);
        return;
      }
      target.proxy.errorFiles.set(status, { status, path: path.text, message });
    },
  }),
  errorlocKeyword('errorloc', 302),
  errorlocKeyword('errorloc302', 302),
  errorlocKeyword('errorloc303', 303),
];
