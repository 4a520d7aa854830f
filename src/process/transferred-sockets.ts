/** Listening sockets that another process handed over (`-x`): a listener takes the one that is bound as it wants to be, what nobody
 * wants is closed. Owns the descriptors until they are taken.
 */
import type { Addon } from '../native/addon.ts';
import { parseSockaddr } from '../native/sockaddr.ts';
import type { Description } from './transfer-wire.ts';

/** Bits of addon.socketTraits. */
const TRAIT_LISTENS = 1;
const TRAIT_V6ONLY = 2;
const TRAIT_TRANSPARENT = 4;

/** Bytes of any sockaddr. */
const SOCKADDR_MAX_BYTES = 128;

/** What a listener wants of a socket. */
export interface WantedSocket extends Description {
  readonly sockaddr: Uint8Array;
  readonly v6only: boolean;
  readonly transparent: boolean;
}

interface TakenSocket extends Description {
  readonly fd: number;
  readonly key: string;
}

/** A path as it was bound: HAProxy and Sluice bind beside the name, with the process's number and `.tmp` behind it. */
function boundPath(octets: Uint8Array): string {
  const text = Buffer.from(octets).toString('latin1');
  const end = text.indexOf('\0');
  return (end < 0 ? text : text.slice(0, end)).replace(/\.\d+\.tmp$/, '');
}

/** Two sockets with the same key are bound alike: address, port, IPv6 alone, foreign addresses, namespace, interface. */
function keyOf(wanted: WantedSocket): string {
  const { family, octets, port } = parseSockaddr(wanted.sockaddr);
  let address = Buffer.from(octets).toString('hex');
  let kind = `${family}`;
  if (family === 1 && octets[0] !== 0) {
    kind = 'path';
    address = boundPath(octets);
  } else if (family === 6) {
    kind = wanted.v6only ? '6only' : '6';
  }
  const traits = wanted.transparent ? 'transparent' : '';
  return [kind, address, port, traits, wanted.namespace, wanted.device].join('\0');
}

export class TransferredSockets {
  private readonly addon: Addon;
  private readonly sockets: TakenSocket[] = [];

  constructor(addon: Addon) {
    this.addon = addon;
  }

  get count(): number {
    return this.sockets.length;
  }

  /** Owns <fd> from now on; closed at once when it is no listening stream socket with an address. */
  add(fd: number, description: Description): void {
    const name = new Uint8Array(SOCKADDR_MAX_BYTES);
    const length = this.addon.socketName(fd, name);
    const traits = this.addon.socketTraits(fd);
    // An address without a name has two bytes: nobody asks for that.
    if (length <= 2 || (traits & TRAIT_LISTENS) === 0) {
      this.addon.closeFd(fd);
      return;
    }
    const key = keyOf({
      ...description,
      sockaddr: name.subarray(0, length),
      v6only: (traits & TRAIT_V6ONLY) !== 0,
      transparent: (traits & TRAIT_TRANSPARENT) !== 0,
    });
    this.sockets.push({ ...description, fd, key });
  }

  /** The descriptor of a socket that is bound like <wanted>, which is the caller's now; undefined when there is none. */
  take(wanted: WantedSocket): number | undefined {
    const key = keyOf(wanted);
    const at = this.sockets.findIndex((socket) => socket.key === key);
    if (at < 0) return undefined;
    return this.sockets.splice(at, 1)[0]?.fd;
  }

  /** Closes what is left; how many that were. */
  closeUnused(): number {
    const unused = this.sockets.splice(0);
    for (const { fd } of unused) this.addon.closeFd(fd);
    return unused.length;
  }
}
