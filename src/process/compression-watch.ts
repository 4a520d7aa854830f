/** Holds `maxcomprate` and `maxcompcpuusage` in the main thread: measures ten times a second what all threads gave their encoders and
 * what the process used of its processors, and writes what compression may do into the live array, where engines and policy read it.
 * Does nothing without such a limit.
 */
import { Pressure } from '../compression/pressure.ts';
import type { GlobalSettings } from '../model/configuration.ts';
import type { Live } from '../model/live.ts';
import * as abi from '../native/abi.ts';

const LOOK_MS = 100;
const BYTES_PER_KB = 1024;

export function watchCompression(settings: GlobalSettings, { words }: Live, threads: number): void {
  const limits = {
    bytesPerSecond: settings.maxCompressionRateKb * BYTES_PER_KB,
    cpuPercent: settings.maxCompressionCpuPercent,
  };
  if (limits.bytesPerSecond === 0 && limits.cpuPercent === 100) return;
  const pressure = new Pressure(limits, threads);
  const look = (): void => {
    const cpu = process.cpuUsage();
    pressure.look(performance.now(), words[abi.LIVE_COMP_IN] as number, (cpu.user + cpu.system) / 1000);
    Atomics.store(words, abi.LIVE_ENCODER_MOST, pressure.most);
    Atomics.store(words, abi.LIVE_COMP_CLOSED, pressure.isClosed ? 1 : 0);
  };
  look();
  setInterval(look, LOOK_MS).unref();
}
