/**
 * Waiting in tests: always for a condition, always with a bound, never for a length of time. The error of a wait
 * that ends says what was awaited, so that a red test reads by itself.
 */

/** How often a condition is looked at again, in milliseconds. */
const LOOK_EVERY_MS = 4;

/** What is awaited comes at once on an idle machine; on a slow one with other load it comes later, but it comes. */
export const SLOW_MACHINE_MS = 20_000;

/** Waits until <condition> gives something truthy and returns it; throws after <boundMs>. */
export async function until<T>(
  condition: () => T | Promise<T>,
  boundMs = SLOW_MACHINE_MS,
  what: string | (() => string) = condition.toString(),
): Promise<T> {
  const deadlineMs = performance.now() + boundMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() >= deadlineMs) {
      throw new Error(`not within ${boundMs} ms: ${typeof what === 'string' ? what : what()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

/** The result of <promise>, or an error naming <what> after <boundMs>. */
export async function within<T>(
  promise: Promise<T>,
  boundMs: number,
  what: string | (() => string),
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const told = () => (typeof what === 'string' ? what : what());
    timer = setTimeout(() => reject(new Error(`not within ${boundMs} ms: ${told()}`)), boundMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
