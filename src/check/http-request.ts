/** The bytes that an HTTP check sends: `option httpchk` and `http-check send` put together. Pure. */

export interface CheckRequest {
  method: string;
  uri: string;
  version: string;
  readonly fields: [name: string, value: string][];
  body: string;
}

export function newRequest(): CheckRequest {
  return { method: 'OPTIONS', uri: '/', version: 'HTTP/1.0', fields: [], body: '' };
}

/** `option httpchk [[<method>] <uri> [<version> [<host>]]]`: <words> are those after the keyword. */
export function applyHttpchk(request: CheckRequest, words: readonly string[]): void {
  if (words.length === 1) request.uri = words[0] as string;
  if (words.length < 2) return;
  request.method = words[0] as string;
  request.uri = words[1] as string;
  const version = words[2];
  if (version === undefined) return;
  // Header fields behind the version are an old trick, still met: `HTTP/1.1\r\nHost: www`.
  const [first, ...fields] = version.split(/\r\n/);
  request.version = first as string;
  for (const field of fields) {
    const colon = field.indexOf(':');
    if (colon > 0) request.fields.push([field.slice(0, colon).trim(), field.slice(colon + 1).trim()]);
  }
  if (words[3] !== undefined) request.fields.push(['host', words[3]]);
}

const OWN_FRAMING = new Set(['content-length', 'transfer-encoding']);

/** As HAProxy writes it: names in lower case, the body's length, and `connection: close` where 1.1 would keep it open. */
export function requestBytes(request: CheckRequest): Buffer {
  const fields = request.fields
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name]) => !OWN_FRAMING.has(name));
  let text = `${request.method} ${request.uri} ${request.version}\r\n`;
  for (const [name, value] of fields) text += `${name}: ${value}\r\n`;
  if (request.body !== '') text += `content-length: ${request.body.length}\r\n`;
  const hasConnection = fields.some(([name]) => name === 'connection');
  if (!hasConnection && request.version !== 'HTTP/1.0') text += 'connection: close\r\n';
  return Buffer.from(`${text}\r\n${request.body}`, 'latin1');
}
