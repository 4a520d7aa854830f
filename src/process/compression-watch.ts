/** Holds `maxcomprate` and `maxcompcpuusage` in the main thread: measures ten times a second what all threads gave their encoders and
 * what the process used of its processors, and writes what compression may do into the live array, where engines and policy read it.
 * Does nothing while there is no such limit.
 */
import { Pressure } from '../compression/pressure.ts';
import type { GlobalSettings } from '../model/configuration.ts';
import type { Live } from '../model/live.ts';
import * as abi from '../native/abi.ts';

const LOOK_MS = 100;
const BYTES_PER_KB = 1024;

export function watchCompression(settings: GlobalSettings, { words }: Live, threads: number): void {
  // The runtime API may change the rate: what counts is asked for at each look.
  const limits = {
    get bytesPerSecond() {
      return settings.maxCompressionRateKb * BYTES_PER_KB;
    },
    cpuPercent: settings.maxCompressionCpuPercent,
  };
  let pressure: Pressure | undefined;
  const look = (): void => {
    const isLimited = limits.bytesPerSecond > 0 || limits.cpuPercent < 100;
    if (!isLimited && pressure === undefined) return;
    pressure = isLimited ? (pressure ?? new Pressure(limits, threads)) : undefined;
    const cpu = process.cpuUsage();
    pressure?.look(performance.now(), words[abi.LIVE_COMP_IN] as number, (cpu.user + cpu.system) / 1000);
    Atomics.store(words, abi.LIVE_ENCODER_MOST, pressure?.most ?? abi.ENCODER_BALANCED);
    Atomics.store(words, abi.LIVE_COMP_CLOSED, pressure?.isClosed === true ? 1 : 0);
  };
  look();
  setInterval(look, LOOK_MS).unref();
}
