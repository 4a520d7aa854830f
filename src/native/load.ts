/** Finds and loads the addon: the only place that does. A build beside the sources comes first, then a prebuild; what was
 * tried and what to do is in the error's message. Linked with -z nodelete, so its statics serve all threads.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fingerprint } from './abi.ts';
import type { Addon } from './addon.ts';

let loaded: Addon | undefined;
let loadedFrom = '';

/** The nearest folder from <start> upwards that holds the package: prebuilds and build lie there. */
function packageRoot(start: string): string {
  let folder = start;
  for (let depth = 0; depth < 8; depth++) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    folder = dirname(folder);
  }
  return start;
}

/** Where this code lies: dist/ for the bundles, src/native for tests. */
function startFolder(): string {
  return packageRoot(dirname(fileURLToPath(import.meta.url)));
}

function candidates(root: string): string[] {
  const name = `${process.platform}-${process.arch}`;
  return [
    ...(process.env.SLUICE_FAULTS === undefined ? [] : [join(root, 'build', 'faults', 'sluice.node')]),
    join(root, 'build', 'Release', 'sluice.node'),
    join(root, 'build', 'Debug', 'sluice.node'),
    join(root, 'prebuilds', name, 'sluice.node'),
  ];
}

function failure(reason: string, tried: readonly string[]): Error {
  const text = `Sluice's native addon ${reason} (looked for ${tried.join(', ')}): run \`npm run build\`, which needs a C compiler, make and Python 3.`;
  return Object.assign(new Error(text), { code: 'ERR_DLOPEN_FAILED' });
}

/** The first of <tried> that exists and that this Node can load; of several that it cannot, the first one's reason counts. */
function firstThatLoads(tried: readonly string[]): Addon {
  let reason = 'is missing';
  for (const path of tried) {
    if (!existsSync(path)) continue;
    try {
      const addon = createRequire(path)(path) as Addon;
      if (addon.abi === fingerprint) {
        loadedFrom = path;
        return addon;
      }
      if (reason === 'is missing') reason = `at ${path} was built from other sources than this program`;
    } catch (error) {
      if (reason === 'is missing')
        reason = `does not load: ${String((error as Error).message).split('\n')[0]}`;
    }
  }
  throw failure(reason, tried);
}

/** The addon, loaded once a thread. Throws one error that says where it was looked for and how to build it. */
export function loadAddon(root: string = startFolder()): Addon {
  loaded ??= firstThatLoads(candidates(root));
  return loaded;
}

/** The file of the addon that was loaded; '' before. */
export function addonPath(): string {
  return loadedFrom;
}

/** Files that may be this program's addon, loaded or not. */
export function addonPaths(): string[] {
  return candidates(startFolder());
}
