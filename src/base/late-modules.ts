/** Node's own modules that cost a start too much to be loaded by everybody: each is loaded by whoever first needs it. */
import { createRequire } from 'node:module';

const loaded = new Map<string, unknown>();

function late(name: string): unknown {
  if (!loaded.has(name)) loaded.set(name, createRequire(import.meta.url)(name));
  return loaded.get(name);
}

/** 5 to 10 ms a thread. */
export const crypto = (): typeof import('node:crypto') => late('node:crypto') as typeof import('node:crypto');

/** 5 ms: it opens a resolver of its own at once. */
export const dns = (): typeof import('node:dns/promises') =>
  late('node:dns/promises') as typeof import('node:dns/promises');

/** 1 to 3 ms a thread. */
export const v8 = (): typeof import('node:v8') => late('node:v8') as typeof import('node:v8');
