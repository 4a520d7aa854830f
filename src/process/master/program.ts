/** The program on disk: how a worker of it is started, and whether it is still the one that runs. */
import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Addon } from '../../native/addon.ts';

/** dist/, where the bundles lie; bin/ and build/ are beside it. */
const bundles = () => dirname(fileURLToPath(import.meta.url));

export function workerProgram(): string {
  return join(bundles(), '..', 'bin', 'worker.cjs');
}

/** More certificates would cost each start 30 ms, and a worker needs none of Node's. */
const NOT_FOR_CHILDREN = new Set(['NODE_EXTRA_CA_CERTS']);

/** The environment of a child, as exec takes it. */
export function childEnvironment(environment: NodeJS.ProcessEnv): string[] {
  return Object.entries(environment)
    .filter(([name, value]) => value !== undefined && !NOT_FOR_CHILDREN.has(name))
    .map(([name, value]) => `${name}=${value}`);
}

/** Starts a worker that shares our stdout and stderr; <channel> becomes its descriptor 3. Its number, or -errno. */
export function startWorker(addon: Addon, words: readonly string[], channel: number): number {
  const argv = [process.execPath, ...process.execArgv, workerProgram(), ...words];
  return addon.childStart(process.execPath, argv, childEnvironment(process.env), [-1, 1, 2, channel]);
}

function stampOf(path: string): string {
  try {
    const { ino, size, mtimeMs } = statSync(path);
    return `${path} ${ino} ${size} ${mtimeMs}`;
  } catch {
    return `${path} -`;
  }
}

/** The files of a folder that are program: caches come and go with it. */
function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /\.(cjs|node)$/.test(name) || name === 'sluice')
      .map((name) => join(folder, name))
      .sort();
  } catch {
    return [];
  }
}

/** Changes with any file that a worker boots from. */
export function programStamp(): string {
  const root = join(bundles(), '..');
  const folders = [join(root, 'dist'), join(root, 'bin'), join(root, 'build', 'Release')];
  return [process.execPath, ...folders.flatMap(filesIn)].map(stampOf).join('\n');
}
