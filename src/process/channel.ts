/** One end of the channel between the master and a worker: packets of JSON with descriptors. A packet that is no JSON is a notice of
 * the worker's crash recorder, passed on as bytes. Owns its descriptor, and those it was given to pass on.
 */
import { errnoText } from '../check/errno-text.ts';
import type { Addon } from '../native/addon.ts';

/** Bytes of a packet; what has more must be cut into several messages. */
export const PACKET_MAX_BYTES = 65536;
/** Descriptors of one packet (the kernel's SCM_MAX_FD). */
export const DESCRIPTORS_MAX = 253;
/** Packets that wait for a peer which does not read; with more it is given up. */
export const QUEUE_MAX_PACKETS = 4096;
/** Packets read before other work gets its turn. */
const READS_MAX = 64;
/** Packets read when the other end is gone. */
const LAST_READS_MAX = 4096;
/** How often a full channel is tried again. */
const RETRY_MS = 5;
const BRACE = 0x7b;
const EAGAIN = -11;

export interface ChannelEvents {
  /** <fds> belong to the receiver. */
  onMessage(message: unknown, fds: number[]): void;
  onNotice(bytes: Buffer, fds: number[]): void;
  /** The other end is gone, or makes no sense: <reason>, '' for a plain end. */
  onEnd(reason: string): void;
}

interface Waiting {
  readonly data: Buffer;
  readonly fds: readonly number[];
  readonly given: readonly number[];
}

export class Channel {
  private readonly addon: Addon;
  private readonly fd: number;
  private readonly events: ChannelEvents;
  private readonly stopWatching: () => void;
  private readonly buffer = Buffer.allocUnsafeSlow(PACKET_MAX_BYTES);
  private readonly queue: Waiting[] = [];
  private timer: NodeJS.Timeout | undefined;
  private isOpen = true;

  constructor(addon: Addon, fd: number, events: ChannelEvents) {
    this.addon = addon;
    this.fd = fd;
    this.events = events;
    this.stopWatching = addon.watch(fd, () => this.read());
  }

  get descriptor(): number {
    return this.fd;
  }

  /** Nothing waits to be sent. */
  get isClear(): boolean {
    return this.queue.length === 0;
  }

  /** Sends <message> with <fds>, which the caller keeps, and <given>, which are closed here when they are on their way. */
  send(message: object, fds: readonly number[] = [], given: readonly number[] = []): void {
    const data = Buffer.from(JSON.stringify(message));
    const packet = { data, fds: [...fds, ...given], given };
    if (!this.isOpen) this.drop(packet);
    else if (this.queue.length > 0 || !this.trySend(packet)) this.enqueue(packet);
  }

  /** The other end is gone: reads what it has left. */
  drain(): void {
    this.read(LAST_READS_MAX);
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    clearTimeout(this.timer);
    this.stopWatching();
    this.addon.closeFd(this.fd);
    for (const packet of this.queue.splice(0)) this.drop(packet);
  }

  private drop(packet: Waiting): void {
    for (const fd of packet.given) this.addon.closeFd(fd);
  }

  private trySend(packet: Waiting): boolean {
    const result = this.addon.packetSend(this.fd, packet.data, packet.fds);
    if (result === EAGAIN) return false;
    this.drop(packet);
    // A peer that is gone is seen by reading; a packet that cannot be sent at all is not worth more tries.
    return true;
  }

  private enqueue(packet: Waiting): void {
    if (this.queue.length >= QUEUE_MAX_PACKETS) {
      this.drop(packet);
      this.end(`${QUEUE_MAX_PACKETS} messages wait for it`);
      return;
    }
    this.queue.push(packet);
    this.timer ??= setTimeout(() => this.flush(), RETRY_MS);
  }

  private flush(): void {
    this.timer = undefined;
    while (this.isOpen && this.queue.length > 0) {
      if (!this.trySend(this.queue[0] as Waiting)) {
        this.timer = setTimeout(() => this.flush(), RETRY_MS);
        return;
      }
      this.queue.shift();
    }
  }

  private end(reason: string): void {
    if (!this.isOpen) return;
    this.close();
    this.events.onEnd(reason);
  }

  private read(most = READS_MAX): void {
    for (let count = 0; count < most && this.isOpen; count++) {
      const fds: number[] = [];
      const length = this.addon.packetReceive(this.fd, this.buffer, fds);
      if (length === EAGAIN) return;
      if (length <= 0) {
        this.end(length === 0 ? '' : errnoText(-length));
        return;
      }
      this.take(this.buffer.subarray(0, length), fds);
    }
  }

  private take(bytes: Buffer, fds: number[]): void {
    if (bytes[0] !== BRACE) {
      this.events.onNotice(Buffer.from(bytes), fds);
      return;
    }
    let message: unknown;
    try {
      message = JSON.parse(bytes.toString('utf8'));
    } catch {
      message = undefined;
    }
    this.events.onMessage(message, fds);
  }
}
