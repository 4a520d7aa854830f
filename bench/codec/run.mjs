// The door of the codec bench: compiles main.ts, or train.ts or fetch.ts when asked, on the fly (Node 20 strips no types)
// into a directory of its own under build/, from where packages and the addon are found, runs it, and removes that
// directory.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const [first, ...rest] = process.argv.slice(2);
const program = first === 'train' || first === 'fetch' ? first : 'main';
const root = resolve(here, '../..');
mkdirSync(join(root, 'build'), { recursive: true });
const temporary = mkdtempSync(join(root, 'build', 'bench-code-'));
const outfile = join(temporary, 'main.mjs');
// Also after an interrupt, which leaves through process.exit.
process.once('exit', () => rmSync(temporary, { recursive: true, force: true }));
await build({
  entryPoints: [join(here, `${program}.ts`)],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: 'inline',
  logLevel: 'warning',
  external: ['benchmark', 'tinybench'],
});
const { main } = await import(pathToFileURL(outfile).href);
process.exitCode = await main(program === 'main' ? process.argv.slice(2) : rest, root);
