/** The pages HAProxy 3.5 sends when no `errorfile` replaces them, byte for byte: people match on them. Each is one row; the
 * messages are made when the module is first asked for one.
 */
import type { ReplyBody } from '../model/reply.ts';

interface Page {
  readonly reason: string;
  readonly text: string;
  /** The message closes the connection: what follows a bad or late request cannot be read. */
  readonly closes?: boolean;
}

const NEEDS_PASSWORD = 'You need a valid user and password to access this content.';

const PAGES: Readonly<Record<number, Page>> = {
  200: { reason: 'OK', text: 'Service ready.' },
  400: { reason: 'Bad request', text: 'Your browser sent an invalid request.', closes: true },
  401: { reason: 'Unauthorized', text: NEEDS_PASSWORD },
  403: { reason: 'Forbidden', text: 'Request forbidden by administrative rules.' },
  404: { reason: 'Not Found', text: 'The resource could not be found.' },
  405: {
    reason: 'Method Not Allowed',
    text: 'A request was made of a resource using a request method not supported by that resource.',
  },
  407: { reason: 'Unauthorized', text: NEEDS_PASSWORD },
  408: {
    reason: 'Request Time-out',
    text: "Your browser didn't send a complete request in time.",
    closes: true,
  },
  410: { reason: 'Gone', text: 'The resource is no longer available and will not be available again.' },
  413: { reason: 'Payload Too Large', text: 'The request entity exceeds the maximum allowed.' },
  414: { reason: 'URI Too Long', text: 'The URI provided was too long for the server to process.' },
  421: { reason: 'Misdirected Request', text: 'Request sent to a non-authoritative server.' },
  422: { reason: 'Unprocessable Content', text: 'The server cannot process the contained instructions.' },
  425: { reason: 'Too Early', text: 'Your browser sent early data.' },
  429: {
    reason: 'Too Many Requests',
    text: 'You have sent too many requests in a given amount of time.',
  },
  431: { reason: 'Request Header Fields Too Large', text: 'Request Header Fields Too Large.' },
  500: { reason: 'Internal Server Error', text: 'An internal server error occurred.' },
  501: {
    reason: 'Not Implemented',
    text: 'The server does not support the functionality required to fulfill the request.',
  },
  502: { reason: 'Bad Gateway', text: 'The server returned an invalid or incomplete response.' },
  503: { reason: 'Service Unavailable', text: 'No server is available to handle this request.' },
  504: { reason: 'Gateway Time-out', text: "The server didn't respond in time." },
  505: { reason: 'HTTP Version Not Supported', text: 'The HTTP version of the request is not supported.' },
};

/** Statuses that have a page. */
export const ERROR_PAGE_STATUSES: readonly number[] = Object.keys(PAGES).map(Number);

function makeReply(status: number, page: Page): ReplyBody {
  const title = `${status} ${page.reason}`;
  const body = Buffer.from(`<html><body><h1>${title}</h1>\n${page.text}\n</body></html>\n`, 'latin1');
  const names = ['content-length', 'cache-control', 'content-type'];
  const values = [String(body.length), 'no-cache', 'text/html'];
  if (page.closes) {
    names.splice(2, 0, 'connection');
    values.splice(2, 0, 'close');
  }
  return { status, reason: page.reason, names, values, body, closes: page.closes === true };
}

const made = new Map<number, ReplyBody>();

/** HAProxy's page for a status; for one that has none, the page of 500 as HAProxy does. */
export function errorPage(status: number): ReplyBody {
  const known = PAGES[status] === undefined ? 500 : status;
  let reply = made.get(known);
  if (reply === undefined) {
    reply = makeReply(known, PAGES[known] as Page);
    made.set(known, reply);
  }
  return reply;
}
