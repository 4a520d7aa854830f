/** Fetches what both manifests name into the cache folder, without measuring anything. */
import { cacheFolder, fetchBodies, manifest } from './bodies.ts';

export const main = (_argv: readonly string[], root: string): number => {
  for (const which of ['training', 'evaluation'] as const) fetchBodies(manifest(root, which), console.log);
  console.log(`every body is in ${cacheFolder()}`);
  return 0;
};
