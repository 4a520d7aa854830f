/** Client connections that other workers send: their handovers are watched until their senders are gone. Owns the descriptors of the
 * receiving ends; main thread only.
 */
import type { Addon } from '../native/addon.ts';

/** No thread listens yet: asked again so much later. */
const RETRY_MS = 5;
const EAGAIN = -11;
const MORE = 1;

export class Arrivals {
  private readonly addon: Addon;
  private readonly counts = new Uint32Array(2);
  /** By descriptor: how watching it ends. */
  private readonly watched = new Map<number, () => void>();
  /** Connections taken, and refused because they were not what they should be. */
  taken = 0;
  refused = 0;

  constructor(addon: Addon) {
    this.addon = addon;
  }

  watch(fd: number): void {
    this.watched.set(
      fd,
      this.addon.watch(fd, () => this.read(fd)),
    );
    this.read(fd);
  }

  /** From now on somebody else reads them. */
  close(): void {
    for (const fd of [...this.watched.keys()]) this.forget(fd);
  }

  private forget(fd: number): void {
    this.watched.get(fd)?.();
    if (this.watched.delete(fd)) this.addon.closeFd(fd);
  }

  private read(fd: number): void {
    if (!this.watched.has(fd)) return;
    const result = this.addon.handoverReceive(fd, this.counts);
    this.taken += this.counts[0] as number;
    this.refused += this.counts[1] as number;
    if (result === MORE) setImmediate(() => this.read(fd));
    else if (result === EAGAIN) setTimeout(() => this.read(fd), RETRY_MS);
    else if (result !== 0) this.forget(fd);
  }
}
