/**
 * `maxcomprate` and `maxcompcpuusage` (manual section 3.2): how much the process may compress now. Over a limit new
 * streams go uncompressed and those that run do one step less at each look, down to stored blocks; the way back is
 * slower, a step for each quiet second, so that it does not swing with the load. A state machine without clock and
 * without memory shared with anybody: whoever looks owns it and passes on what it says.
 */
import * as abi from '../native/abi.ts';

export interface PressureLimits {
  /** Bytes given to encoders per second, 0 = none. */
  readonly bytesPerSecond: number;
  /** Percent of the threads' time, 100 = none. */
  readonly cpuPercent: number;
}

/** What a measurement covers. */
const WINDOW_MS = 1000;
/** Below so much of a limit it is quiet. */
const QUIET_SHARE = 0.9;
const QUIET_MS = 1000;
/** Looks that a window holds at most. */
const LOOKS_MAX = 64;

interface Look {
  readonly atMs: number;
  readonly bytesIn: number;
  readonly cpuMs: number;
}

export class Pressure {
  /** New streams go uncompressed. */
  isClosed = false;
  /** ENCODER_*: what running streams may do at most. */
  most: number = abi.ENCODER_BALANCED;
  private readonly limits: PressureLimits;
  private readonly threads: number;
  private readonly looks: Look[] = [];
  private quietSinceMs = -1;

  constructor(limits: PressureLimits, threads: number) {
    this.limits = limits;
    this.threads = threads;
  }

  /** <bytesIn>: given to encoders so far, modulo 2^32. <cpuMs>: used by the process so far. */
  look(atMs: number, bytesIn: number, cpuMs: number): void {
    const { looks } = this;
    looks.push({ atMs, bytesIn, cpuMs });
    while (looks.length > LOOKS_MAX || (looks.length > 2 && atMs - (looks[1] as Look).atMs >= WINDOW_MS)) {
      looks.shift();
    }
    const share = this.share(looks[0] as Look, looks.at(-1) as Look);
    if (share > 1) return this.close();
    if (share > QUIET_SHARE) {
      this.quietSinceMs = -1;
      return;
    }
    if (this.quietSinceMs < 0) this.quietSinceMs = atMs;
    if (atMs - this.quietSinceMs >= QUIET_MS) this.open(atMs);
  }

  /** How much of the tighter limit was used between two looks; 1 = all of it. */
  private share(first: Look, last: Look): number {
    const seconds = (last.atMs - first.atMs) / 1000;
    if (seconds <= 0) return 0;
    const { bytesPerSecond, cpuPercent } = this.limits;
    const bytes = (last.bytesIn - first.bytesIn) >>> 0;
    const byRate = bytesPerSecond > 0 ? bytes / seconds / bytesPerSecond : 0;
    const percent = (last.cpuMs - first.cpuMs) / (seconds * 10 * this.threads);
    const byCpu = cpuPercent < 100 ? percent / Math.max(cpuPercent, 0.01) : 0;
    return Math.max(byRate, byCpu);
  }

  private close(): void {
    this.isClosed = true;
    this.quietSinceMs = -1;
    if (this.most > abi.ENCODER_STORE) this.most--;
  }

  private open(atMs: number): void {
    this.quietSinceMs = atMs;
    if (this.most < abi.ENCODER_BALANCED) this.most++;
    else this.isClosed = false;
  }
}
