/** How listening sockets travel between processes: HAProxy's format, which `-x` speaks and `_getsocks` answers with. First the number
 * of descriptors as an int; then messages of descriptors whose bytes describe them one after the other; an int from the receiver
 * after each message. Pure.
 */

/** Descriptors of one message: HAProxy's own number, one less than the kernel's. */
export const MESSAGE_DESCRIPTORS_MAX = 252;
/** Bytes of one message: a page goes through a socket whole or not at all. */
const MESSAGE_MAX_BYTES = 4096;
/** Descriptors one process may offer another: more than any has ports. */
export const TRANSFER_DESCRIPTORS_MAX = 131_072;
/** Names of namespaces and interfaces have their length in a byte. */
const NAME_MAX_BYTES = 255;
/** An int that once held options and is zero. */
const OPTIONS_BYTES = 4;
/** Bytes that describe one descriptor at most. */
export const DESCRIPTION_MAX_BYTES = 2 * (1 + NAME_MAX_BYTES) + OPTIONS_BYTES;

/** What a listening socket does not say by itself. */
export interface Description {
  /** Network namespace, '' = that of the process. */
  readonly namespace: string;
  /** Interface it is bound to, or ''. */
  readonly device: string;
}

export interface OfferedSocket extends Description {
  readonly fd: number;
}

export interface TransferMessage {
  readonly bytes: Uint8Array;
  readonly descriptors: readonly number[];
}

/** An int as the other side's processor has it: it is the same one. */
export function intBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, true);
  return bytes;
}

export function readInt(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getInt32(0, true);
}

function describe({ namespace, device }: Description): Buffer {
  const names = [namespace, device].map((name) => Buffer.from(name, 'latin1').subarray(0, NAME_MAX_BYTES));
  const [first, second] = names as [Buffer, Buffer];
  return Buffer.concat([
    Buffer.of(first.length),
    first,
    Buffer.of(second.length),
    second,
    Buffer.alloc(OPTIONS_BYTES),
  ]);
}

/** The messages that carry <sockets>. */
export function transferMessages(sockets: readonly OfferedSocket[]): TransferMessage[] {
  const messages: TransferMessage[] = [];
  let parts: Buffer[] = [];
  let descriptors: number[] = [];
  let length = 0;
  const flush = () => {
    if (descriptors.length > 0) messages.push({ bytes: Buffer.concat(parts), descriptors });
    parts = [];
    descriptors = [];
    length = 0;
  };
  for (const socket of sockets) {
    const part = describe(socket);
    if (descriptors.length === MESSAGE_DESCRIPTORS_MAX || length + part.length > MESSAGE_MAX_BYTES) flush();
    parts.push(part);
    descriptors.push(socket.fd);
    length += part.length;
  }
  flush();
  return messages;
}

/** What <bytes> say about <count> descriptors; undefined unless they say it about exactly so many. */
export function parseDescriptions(bytes: Uint8Array, count: number): Description[] | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: Description[] = [];
  let at = 0;
  const name = (): string => {
    const from = at + 1;
    at = from + (text[at] ?? 0);
    return text.toString('latin1', from, at);
  };
  while (found.length < count) {
    const namespace = name();
    const device = name();
    at += OPTIONS_BYTES;
    if (at > text.length) return undefined;
    found.push({ namespace, device });
  }
  return at === text.length ? found : undefined;
}
