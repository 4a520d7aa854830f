/** Linux `struct sockaddr` as bytes, both ways: what the engine takes for servers, listeners, checks and log targets, and what
 * `connAddress` fills. Little-endian family (x86, arm), big-endian port, as in <netinet/in.h> and <sys/un.h>.
 */
const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;

/** sun_path holds 108 bytes. */
export const UNIX_PATH_MAX = 107;

/** struct sockaddr_in of Linux, 16 bytes; <octets> are 4. */
export function sockaddrIpv4(octets: Uint8Array, port: number): Uint8Array {
  const out = new Uint8Array(16);
  const view = new DataView(out.buffer);
  view.setUint16(0, AF_INET, true);
  view.setUint16(2, port, false);
  out.set(octets, 4);
  return out;
}

/** struct sockaddr_in6 of Linux, 28 bytes; <octets> are 16. */
export function sockaddrIpv6(octets: Uint8Array, port: number, scope = 0): Uint8Array {
  const out = new Uint8Array(28);
  const view = new DataView(out.buffer);
  view.setUint16(0, AF_INET6, true);
  view.setUint16(2, port, false);
  out.set(octets, 8);
  view.setUint32(24, scope, true);
  return out;
}

/** A path, or an abstract name (`abstract`: leading NUL, length counts). Throws RangeError when too long. */
export function sockaddrUnix(path: string, abstract: boolean): Uint8Array {
  const bytes = Buffer.from(path, 'latin1');
  if (bytes.length > UNIX_PATH_MAX)
    throw new RangeError(`unix socket path of more than ${UNIX_PATH_MAX} bytes`);
  const out = new Uint8Array(2 + 1 + bytes.length);
  new DataView(out.buffer).setUint16(0, AF_UNIX, true);
  out.set(bytes, abstract ? 3 : 2);
  return out;
}

/** What a sockaddr says: family 4, 6 or 1 (unix), the octets, the port. */
export interface SockaddrParts {
  family: 4 | 6 | 1 | 0;
  octets: Uint8Array;
  port: number;
}

/** The reverse: what the kernel said, by its family. */
export function parseSockaddr(bytes: Uint8Array): SockaddrParts {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const family = bytes.length >= 2 ? view.getUint16(0, true) : 0;
  if (family === AF_INET && bytes.length >= 8) {
    return { family: 4, octets: bytes.slice(4, 8), port: view.getUint16(2, false) };
  }
  if (family === AF_INET6 && bytes.length >= 24) {
    return { family: 6, octets: bytes.slice(8, 24), port: view.getUint16(2, false) };
  }
  if (family === AF_UNIX) return { family: 1, octets: bytes.slice(2), port: 0 };
  return { family: 0, octets: new Uint8Array(0), port: 0 };
}
