/**
 * How much this machine kept this process waiting: a clock that should tick every few milliseconds, and the sum of what its
 * ticks came late. The scripts of a scenario run on the same event loop, so its timers may be longer by that and no more.
 */
const TICK_MS = 5;
/** What a tick is late by on an idle machine. */
const USUAL_MS = 5;

export interface DelayWatch {
  /** Ends the clock; gives the sum in milliseconds. */
  stop(): number;
}

export function watchDelays(): DelayWatch {
  let sumMs = 0;
  let lastMs = performance.now();
  const look = (): void => {
    const nowMs = performance.now();
    const lateMs = nowMs - lastMs - TICK_MS;
    if (lateMs > USUAL_MS) sumMs += lateMs;
    lastMs = nowMs;
  };
  const clock = setInterval(look, TICK_MS);
  return {
    stop() {
      look();
      clearInterval(clock);
      return sumMs;
    },
  };
}
