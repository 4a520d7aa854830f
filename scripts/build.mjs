// `npm install`, second half, and `npm run build`: the program and the library from src/. The program is a few
// CommonJS bundles, because one file with V8's code cache starts in half the time of many modules: sluice-early (-v,
// -vv, -cc), sluice-control (the main thread), sluice-master (the parent of workers), sluice-data (a data thread) and
// sluice-commands (what runs beside a proxy). The library is src/ emitted file by file with its types.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeCodeCaches } from './code-cache.mjs';
import { withLock } from './lock.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');
const require = createRequire(import.meta.url);

const entries = {
  'sluice-early': ['src/early.ts'],
  'sluice-control': ['src/main.ts'],
  'sluice-commands': ['src/commands.ts'],
  'sluice-master': ['src/master.ts'],
  'sluice-data': ['src/data-thread.ts', 'src/process/data-thread.ts'],
};

/** Writes <name>.cjs, its first line the hash by which bin/boot.cjs knows the cache that belongs to it. */
async function bundle(name, entry) {
  const esbuild = await import('esbuild');
  const result = await esbuild.build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    charset: 'ascii',
    logLevel: 'error',
    define: { 'import.meta.url': 'bundleUrl' },
    banner: { js: "const bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
  });
  const text = result.outputFiles[0].text;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 32);
  return replaceFile(join(dist, `${name}.cjs`), `/*${hash}*/ ${text}`);
}

/** A reader sees the old file or the new one, never half. True when it changed. */
function replaceFile(path, text) {
  if (existsSync(path) && readFileSync(path, 'latin1') === text) return false;
  writeFileSync(`${path}.new`, text, 'latin1');
  renameSync(`${path}.new`, path);
  return true;
}

function emitLibrary() {
  const tsc = require.resolve('typescript/package.json').replace(/package\.json$/, 'bin/tsc');
  const result = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], {
    stdio: 'inherit',
  });
  return result.status === 0;
}

/** Removes from dist/ what src/ no longer has. */
function sweep(folder = '') {
  for (const entry of readdirSync(join(dist, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (existsSync(join(root, 'src', path))) sweep(path);
      else rmSync(join(dist, path), { recursive: true });
    } else if (/\.(js|d\.ts)$/.test(entry.name)) {
      if (!existsSync(join(root, 'src', path.replace(/\.(js|d\.ts)$/, '.ts')))) rmSync(join(dist, path));
    }
  }
}

async function build() {
  mkdirSync(dist, { recursive: true });
  let changed = false;
  for (const [name, places] of Object.entries(entries)) {
    const entry = places.find((place) => existsSync(join(root, place)));
    if (entry && (await bundle(name, entry))) changed = true;
  }
  const isWhole = emitLibrary();
  sweep();
  await makeCodeCaches({ onlyWhenStale: !changed });
  return isWhole;
}

if (!(await withLock(join(dist, '.lock'), build))) {
  console.error('Sluice could not emit its library: see above.');
  process.exit(1);
}
