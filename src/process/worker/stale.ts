/** A worker that was told to retire and is still there: who keeps it, and why. Looks at its streams only when somebody is told.
 */
import type { StreamFacts } from '../../model/stream-facts.ts';
import * as abi from '../../native/abi.ts';
import { STALE_LINES_MAX } from '../master/messages.ts';
import type { Running } from '../running.ts';

/** A worker is stale after so long, and says so again and again. */
export const STALE_MS = 10_000;
const REPEAT_MS = 60_000;
/** Characters of a target that are shown. */
const TARGET_MAX_CHARS = 100;

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)}s`;
}

function printable(text: string): string {
  return text.slice(0, TARGET_MAX_CHARS).replace(/[^\x21-\x7e]/g, '?');
}

function line(running: Running, stream: StreamFacts): string {
  const frontend = running.parts.configuration.proxies[stream.frontend];
  const kind = frontend?.mode === 'http' ? `${printable(stream.method)} ${printable(stream.uri)}` : 'tcp';
  const step = stream.isAnswered ? 'its response is under way' : 'it waits for a response';
  const { source, ageMs, requests } = stream;
  const from = source === '' ? 'a client' : source;
  return `is kept by ${from} of frontend ${frontend?.name ?? '?'}: ${kind}, ${seconds(ageMs)} old, ${step}, request ${requests} of its connection`;
}

export class StaleWatch {
  private readonly running: Running;
  private readonly say: (lines: readonly string[], requests: number) => void;
  private readonly beganMs = performance.now();
  private readonly requestsBefore: number;

  constructor(running: Running, say: (lines: readonly string[], requests: number) => void) {
    this.running = running;
    this.say = say;
    this.requestsBefore = this.word(abi.LIVE_CUM_REQ);
    this.lookIn(STALE_MS);
  }

  private lookIn(ms: number): void {
    setTimeout(() => void this.look(), ms).unref();
  }

  private word(at: number): number {
    return Atomics.load(this.running.parts.live.words, at) >>> 0;
  }

  private async look(): Promise<void> {
    this.lookIn(REPEAT_MS);
    const streams = await this.running.streams();
    streams.sort((a, b) => b.ageMs - a.ageMs);
    const connections = this.word(abi.LIVE_ACTCONN);
    const requests = (this.word(abi.LIVE_CUM_REQ) - this.requestsBefore) >>> 0;
    const idle = Math.max(0, connections - streams.length);
    const age = seconds(performance.now() - this.beganMs);
    const sum = `is still there ${age} after its reload: ${connections} connections (${idle} idle), ${requests} requests since then`;
    const shown = streams.slice(0, STALE_LINES_MAX - 1);
    this.say([sum, ...shown.map((stream) => line(this.running, stream))], requests);
  }
}
