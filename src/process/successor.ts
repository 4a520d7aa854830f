/** A process that takes over from this one without a master (`-x`): which listening sockets it has, and where their idle clients go
 * when this process is told to stop. Owns the sending end until the process ends.
 */
import type { Socket } from 'node:net';
import * as abi from '../native/abi.ts';
import type { Addon } from '../native/addon.ts';
import { descriptorOf } from './transfer-server.ts';

/** What comes with the receiving end: which packets will come. No other answer begins so, least of all one that says that the command
 * is unknown. Who does not understand them closes the end, and this process keeps its clients. */
export const HANDOVER_MARK = abi.HANDOVER_VERSION;

export class Successor {
  private readonly addon: Addon;
  /** Where clients go; -1: nobody takes over. */
  fd = -1;
  /** Numbers of the sockets that it has. */
  socketIds: ReadonlySet<number> = new Set();

  constructor(addon: Addon) {
    this.addon = addon;
  }

  /** Whoever is behind <connection> has the sockets <socketIds> and gets the receiving end. The last one to ask counts. */
  give(connection: Socket, socketIds: readonly number[]): void {
    const pair = this.addon.packetPair();
    if (typeof pair === 'number') {
      connection.destroy();
      return;
    }
    const [sending, receiving] = pair;
    connection.on('error', () => connection.destroy());
    connection.write('', () => {
      const mark = Uint8Array.of(HANDOVER_MARK);
      const result = this.addon.sendDescriptors(descriptorOf(connection), mark, [receiving]);
      this.addon.closeFd(receiving);
      if (result === 0) this.become(sending, socketIds);
      else this.addon.closeFd(sending);
      connection.end();
    });
  }

  private become(fd: number, socketIds: readonly number[]): void {
    if (this.fd >= 0) this.addon.closeFd(this.fd);
    this.fd = fd;
    this.socketIds = new Set(socketIds);
  }
}
