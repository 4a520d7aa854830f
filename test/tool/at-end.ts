/**
 * Everything a test opens closes itself: inside a test when that test is over, elsewhere (beforeAll, a bench) when
 * the process ends, unless its owner stops it first.
 */
import { onTestFinished } from 'vitest';

/** Calls <finish> when the running test is over; outside a test nothing is arranged and false is returned. */
export function atTestEnd(finish: () => Promise<unknown> | unknown): boolean {
  try {
    onTestFinished(async () => {
      await finish();
    });
    return true;
  } catch {
    return false;
  }
}
