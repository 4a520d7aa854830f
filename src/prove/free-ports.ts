/** Ports of 127.0.0.1 that nobody uses, from below the range the kernel gives to clients. State: the ports given out in this run. */
import { createServer } from 'node:net';

const LOWEST_PORT = 12_000;
const HIGHEST_PORT = 32_000;
const TRIES_MAX = 2_000;

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '0.0.0.0', exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

export class FreePorts {
  private next = LOWEST_PORT + Math.floor(Math.random() * (HIGHEST_PORT - LOWEST_PORT));

  async take(): Promise<number> {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      this.next = this.next >= HIGHEST_PORT ? LOWEST_PORT : this.next + 1;
      if (await isFree(this.next)) return this.next;
    }
    throw new Error(`no free port on 127.0.0.1 between ${LOWEST_PORT} and ${HIGHEST_PORT}`);
  }
}
