/** Hot path. Parts of a request target (RFC 9112 3.2): origin form `/path?query`, absolute form `http://host/path`, `*`, or the
 * authority of CONNECT.
 */

/** Where the path begins; -1 when the target has none. */
export function pathStart(target: string): number {
  const first = target.charCodeAt(0);
  if (first === 47) return 0;
  const scheme = target.indexOf('://');
  if (scheme < 1) return -1;
  for (let i = scheme + 3; i < target.length; i++) {
    const code = target.charCodeAt(i);
    if (code === 47 || code === 63 || code === 35) return i;
  }
  return -1;
}

/** The path without the query, of an origin-form or absolute-form target; undefined for others. */
export function pathOf(target: string): string | undefined {
  const start = pathStart(target);
  if (start < 0) return undefined;
  const query = target.indexOf('?', start);
  if (query < 0) return start === 0 ? target : target.substring(start);
  return target.substring(start, query);
}

/** Path and query. */
export function pathqOf(target: string): string | undefined {
  const start = pathStart(target);
  return start < 0 ? undefined : start === 0 ? target : target.substring(start);
}

/** Behind the first `?`; undefined without one. */
export function queryOf(target: string): string | undefined {
  const query = target.indexOf('?');
  return query < 0 ? undefined : target.substring(query + 1);
}

/** `host:port` of an absolute target; '' of any other. */
export function authorityOf(target: string): string {
  const scheme = target.indexOf('://');
  if (scheme < 1 || target.charCodeAt(0) === 47) return '';
  const start = pathStart(target);
  return target.substring(scheme + 3, start < 0 ? target.length : start);
}
